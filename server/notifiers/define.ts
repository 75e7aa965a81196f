import type { ChannelKind } from '@aos/core/policies/channel.ts';
import type { Notice } from '@aos/core/policies/delivery.ts';
import type { Deps } from '../base/deps.ts';

/** One kind of channel: how a notice is told over it. */
export interface Notifier {
  kind: ChannelKind;
  /** What people see of an address; throws OutboundFailure when it can be none. */
  shownAddress(deps: Reaching, address: string): string;
  /** Whether the receiver checks a signature. */
  is_signed: boolean;
  /** Tells it once. Never throws: what went wrong is the answer. */
  tell(deps: Reaching, message: Message): Promise<Told>;
}

/** What a notifier needs of the process. */
export type Reaching = Pick<Deps, 'config' | 'outbound'>;

export interface Message {
  /** Of the delivery: the same in every attempt. */
  id: string;
  sent_at_ms: number;
  address: string;
  secret: string | null;
  notice: Notice;
}

export interface Told {
  /** HTTP status, or the reply code of a mail server. */
  status: number | null;
  /** Null: it has arrived. In words, and without a part of the address that is a secret. */
  error: string | null;
  /** The receiver wants nothing any more. */
  is_gone?: true;
}

/** How long an attempt may take. */
export const tell_within_ms = 10_000;
