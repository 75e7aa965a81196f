import { chatText } from '@aos/core/activity/chat-text.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import type { Json, JsonObject } from '@aos/core/base/json.ts';
import { type Action, refuses } from '@aos/core/policies/action.ts';
import { sha256Hex } from '../base/deps.ts';
import type { AskedCall } from '../govern/asked.ts';
import { governCall, lookAtCall } from '../govern/call.ts';
import type { Govern } from '../govern/govern.ts';
import type { Chunks } from '../govern/governed.ts';
import { Stopper } from '../govern/stopper.ts';
import type { ModelAsk } from '../skills/define.ts';
import type { Caller } from './caller.ts';

/** What came of a model that was asked. */
export type Answered =
  | { kind: 'done'; output: Json }
  | { kind: 'failed'; error: { code: string; message: string } }
  | { kind: 'refused'; code: string; message: string; decision_id: string };

interface Asking {
  caller: Caller;
  run: { run_id: string; model: string; tags: Record<string, string> };
  ask: ModelAsk;
  /** Members of the request beside model, messages and bound. */
  more?: JsonObject;
  request_id: string;
  planned?: AskedCall['planned'];
  /** The answer comes in events, where the provider can: what stops the run ends it in the middle, and it is charged for what came. */
  streams?: true;
}

/** What would be decided about the call of a run that waits. */
export const lookAtModel = (govern: Govern, asking: Asking): Promise<Action> =>
  lookAtCall(govern, askedFrom(govern, asking));

/** A call of the run, governed as every other. */
export async function askModel(govern: Govern, asking: Asking): Promise<Answered> {
  const governed = await governCall(govern, askedFrom(govern, asking));
  const { decision_id } = governed.facts;
  switch (governed.kind) {
    case 'refused': {
      const { code, message } = governed.problem;
      return refuses(governed.facts.verdict)
        ? { kind: 'refused', code, message, decision_id }
        : { kind: 'failed', error: { code, message } };
    }
    case 'plain':
      return answered(governed.status, governed.body);
    case 'stream':
      return collected(governed.chunks, decision_id);
    case 'dry_run':
      throw new Error('a call that is to be made was only looked at');
  }
}

/** A stream to its end, which has been settled then. */
async function collected(chunks: Chunks, decision_id: string): Promise<Answered> {
  const parts: Buffer[] = [];
  for (;;) {
    const { done, value } = await chunks.next();
    if (!done) {
      parts.push(value);
      continue;
    }
    if (value === null) return answered(200, Buffer.concat(parts));
    const { code, message } = value.problem;
    if (value.verdict !== null && refuses(value.verdict)) return { kind: 'refused', code, message, decision_id };
    return { kind: 'failed', error: value.refused_with ? errorOf(value.refused_with) : { code, message } };
  }
}

/** A provider that refuses says so with a status, or with the first event of a stream. */
const errorOf = (status: number) => ({ code: `provider_${status}`, message: `the provider answered ${status}` });

function askedFrom(govern: Govern, { caller, run, ask, more, request_id, planned, streams }: Asking): AskedCall {
  const json: JsonObject = {
    model: ask.model ?? run.model,
    messages: ask.messages,
    ...(ask.max_tokens !== undefined && { max_tokens: ask.max_tokens }),
    ...(streams && { stream: true }),
    ...more,
  };
  const body = Buffer.from(JSON.stringify(json));
  const { identity, asker } = caller;
  return {
    identity,
    identityAt: caller.identityAt,
    claims: {
      agent: asker.agent?.id ?? null,
      actor: asker.actor?.id ?? null,
      session: null,
      run_id: asker.run_id,
      project: null,
      tags: run.tags,
      dry_run: false,
    },
    wire: wires.chat,
    request: wires.chat.readRequest(json),
    body,
    json,
    prompt_hash: sha256Hex(body),
    query: '',
    headers: { 'content-type': 'application/json' },
    request_id,
    new_run_id: asker.run_id,
    begun_ms: govern.clock.monotonic(),
    // Nobody waits at the other end who could leave. Its own, for whoever listens to it is never taken off.
    gone: new Stopper(),
    ...(planned && { planned }),
  };
}

function answered(status: number, body: Buffer): Answered {
  if (status >= 300) return { kind: 'failed', error: errorOf(status) };
  const output = chatText(body.toString('utf8'));
  if (output !== null) return { kind: 'done', output };
  return { kind: 'failed', error: { code: 'answer_unreadable', message: 'the answer of the model holds no text' } };
}
