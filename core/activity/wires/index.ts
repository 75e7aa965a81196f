import { chat } from './chat.ts';
import type { Wire, WireName } from './define.ts';
import { embeddings } from './embeddings.ts';
import { messages } from './messages.ts';
import { responses } from './responses.ts';

/** Every dialect the gateway speaks. */
export const wires: Record<WireName, Wire> = { chat, responses, messages, embeddings };
