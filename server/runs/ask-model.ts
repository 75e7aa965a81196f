import { wires } from '@aos/core/activity/wires/index.ts';
import type { Json, JsonObject } from '@aos/core/base/json.ts';
import { type Action, refuses } from '@aos/core/policies/action.ts';
import { sha256Hex } from '../base/deps.ts';
import type { AskedCall } from '../govern/asked.ts';
import { governCall } from '../govern/call.ts';
import type { Govern } from '../govern/govern.ts';
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
}

/** What would be decided about the call now; nothing is held, sent or recorded. */
export async function lookAtModel(govern: Govern, asking: Asking): Promise<Action> {
  const asked = askedFrom(govern, asking);
  const { facts } = await governCall(govern, { ...asked, claims: { ...asked.claims, dry_run: true } });
  return facts.verdict;
}

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
    default:
      return {
        kind: 'failed',
        error: { code: 'answer_unreadable', message: 'the provider did not answer in one piece' },
      };
  }
}

function askedFrom(govern: Govern, { caller, run, ask, more, request_id, planned }: Asking): AskedCall {
  const json: JsonObject = {
    model: ask.model ?? run.model,
    messages: ask.messages,
    ...(ask.max_tokens !== undefined && { max_tokens: ask.max_tokens }),
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
      project: identity.project_id === null ? asker.project.id : null,
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
    gone: still_here,
    ...(planned && { planned }),
  };
}

/** Nobody waits at the other end who could leave. */
const still_here = new AbortController().signal;

function answered(status: number, body: Buffer): Answered {
  if (status >= 400)
    return { kind: 'failed', error: { code: `provider_${status}`, message: `the provider answered ${status}` } };
  const output = textIn(body);
  if (output !== null) return { kind: 'done', output };
  return { kind: 'failed', error: { code: 'answer_unreadable', message: 'the answer of the model holds no text' } };
}

/** The text of a chat answer; null when there is none. */
export function textIn(body: Buffer): string | null {
  try {
    const { choices } = JSON.parse(body.toString('utf8')) as { choices?: { message?: { content?: unknown } }[] };
    const content = choices?.[0]?.message?.content;
    return typeof content === 'string' ? content : null;
  } catch {
    return null;
  }
}
