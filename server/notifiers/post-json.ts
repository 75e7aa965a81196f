import { OutboundFailure } from '../base/outbound/failure.ts';
import { version } from '../base/version.ts';
import { type Reaching, type Told, tell_within_ms } from './define.ts';

/** What is read of an answer: nobody looks at it. */
const answer_max_bytes = 16_384;

const gone = 410;

/** The scheme and host of a URL, when it could be called: its path may be a secret. */
export function originOf(deps: Reaching, address: string): string {
  deps.outbound.check(address);
  return new URL(address).origin;
}

/** One POST. Only an answer of 200 to 299 says that it has arrived; a redirect is not followed. */
export async function postJson(
  deps: Reaching,
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<Told> {
  try {
    const { status } = await deps.outbound.send({
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': `aos/${version}`, ...headers },
      body,
      within_ms: tell_within_ms,
      max_bytes: answer_max_bytes,
    });
    if (status >= 200 && status < 300) return { status, error: null };
    if (status === gone) return { status, error: 'the receiver answered 410: it is gone for good', is_gone: true };
    return { status, error: `the receiver answered ${status}` };
  } catch (error) {
    if (error instanceof OutboundFailure) return { status: null, error: error.message };
    throw error;
  }
}
