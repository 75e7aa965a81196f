import { createHmac } from 'node:crypto';
import type { Notifier } from './define.ts';
import { originOf, postJson } from './post-json.ts';

const secret_prefix = 'whsec_';

/** Before a secret's base64 stands a prefix that tells scanners what it is. */
export const webhookSecret = (bytes: Buffer): string => secret_prefix + bytes.toString('base64');

/** By the Standard Webhooks specification: https://www.standardwebhooks.com, section "Signature scheme". */
function signature(secret: string, signed: string): string {
  const key = Buffer.from(secret.slice(secret_prefix.length), 'base64');
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

export const webhook: Notifier = {
  kind: 'webhook',
  is_signed: true,
  shownAddress: originOf,
  tell(deps, { id, sent_at_ms, address, secret, notice }) {
    const { type, timestamp, data } = notice;
    const body = JSON.stringify({ type, timestamp, data: { ...data, text: notice.text, url: notice.url } });
    const sent_at_s = String(Math.floor(sent_at_ms / 1000));
    return postJson(deps, address, body, {
      'webhook-id': id,
      'webhook-timestamp': sent_at_s,
      'webhook-signature': signature(secret ?? '', `${id}.${sent_at_s}.${body}`),
    });
  },
};
