import { instantText } from '@aos/core/base/time.ts';
import type { ChannelKind } from '@aos/core/policies/channel.ts';
import type { Attempt, Notice } from '@aos/core/policies/delivery.ts';
import type { Deps } from '../base/deps.ts';
import { sealContext } from '../base/vault.ts';
import type { Told } from './define.ts';
import { notifiers } from './index.ts';

/** A channel with what is sealed of it. */
export interface SealedChannel {
  tenant_id: string;
  channel_id: string;
  kind: ChannelKind;
  address_envelope: string | null;
  secret_envelope: string | null;
}

export const addressContext = (tenant_id: string, channel_id: string): string =>
  sealContext(tenant_id, 'channels.address', channel_id);
export const secretContext = (tenant_id: string, channel_id: string): string =>
  sealContext(tenant_id, 'channels.secret', channel_id);

/** One attempt to tell a notice over a channel, as the log of the delivery keeps it. */
export async function tellOnce(
  deps: Deps,
  channel: SealedChannel,
  of: { id: string; n: number; notice: Notice },
): Promise<{ attempt: Attempt; is_gone: boolean }> {
  const begun_ms = deps.clock.monotonic();
  const sent_at_ms = deps.clock.now();
  const { status, error, is_gone = false } = await told(deps, channel, { ...of, sent_at_ms });
  const latency_ms = Math.round(deps.clock.monotonic() - begun_ms);
  return { attempt: { n: of.n, at: instantText(sent_at_ms), latency_ms, status, error }, is_gone };
}

async function told(
  deps: Deps,
  { tenant_id, channel_id, kind, address_envelope, secret_envelope }: SealedChannel,
  of: { id: string; notice: Notice; sent_at_ms: number },
): Promise<Told> {
  try {
    const open = (envelope: string | null, context: string) =>
      envelope === null ? null : deps.vault.open(envelope, context);
    const address = open(address_envelope, addressContext(tenant_id, channel_id)) ?? '';
    const secret = open(secret_envelope, secretContext(tenant_id, channel_id));
    return await notifiers[kind].tell(deps, { ...of, address, secret });
  } catch (error) {
    // Its message may hold a part of the address.
    deps.log.warn({ error, channel_id }, 'a notice could not be sent');
    return { status: null, error: `it could not be sent (${(error as Error).name})` };
  }
}
