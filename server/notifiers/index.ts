import type { ChannelKind } from '@aos/core/policies/channel.ts';
import { console_list } from './console.ts';
import type { Notifier } from './define.ts';
import { email } from './email.ts';
import { slack } from './slack.ts';
import { webhook } from './webhook.ts';

/** Every kind of channel. */
export const notifiers: Record<ChannelKind, Notifier> = { console: console_list, webhook, slack, email };
