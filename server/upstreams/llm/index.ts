import { anthropic } from './anthropic.ts';
import type { LlmUpstream, ProviderKind } from './define.ts';
import { mock } from './mock.ts';
import { openai } from './openai.ts';

/** Every kind of model provider. */
export const upstreams: Record<ProviderKind, LlmUpstream> = { openai, anthropic, mock };
