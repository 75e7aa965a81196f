import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

export interface Collector {
  url: string;
  headers: Record<string, string>;
}

export type Sent = 'taken' | 'refused' | 'unreachable';

const deadline_ms = 10_000;
const tries_max = 4;
const first_wait_ms = 500;

/** What a collector says when it could take the batch later. */
const passing = [429, 502, 503, 504];

/** Sends one batch, with a few more tries where they may help; never fails. */
export async function sendBatch(
  { url, headers }: Collector,
  body: Uint8Array,
  closing: AbortSignal,
): Promise<{ sent: Sent; why: string }> {
  let why = '';
  for (let n = 0; n < tries_max; n++) {
    if (n > 0) await sleep(first_wait_ms * 2 ** n, undefined, { signal: closing }).catch(() => undefined);
    try {
      const answer = await request(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/x-protobuf' },
        body,
        headersTimeout: deadline_ms,
        bodyTimeout: deadline_ms,
        signal: AbortSignal.timeout(deadline_ms),
      });
      await answer.body.dump();
      if (answer.statusCode < 300) return { sent: 'taken', why: '' };
      why = `the collector answered ${answer.statusCode}`;
      if (!passing.includes(answer.statusCode)) return { sent: 'refused', why };
    } catch (error) {
      why = `the collector could not be reached: ${(error as { code?: string }).code ?? (error as Error).name}`;
    }
    if (closing.aborted) break;
  }
  return { sent: 'unreachable', why };
}
