import { setTimeout as sleep } from 'node:timers/promises';
import { AOS } from '@aos/sdk/client.ts';
import type { Item } from '@aos/sdk/contract.ts';
import { AOSError } from '@aos/sdk/errors.ts';
import { exit_codes } from '../frame/exit-codes.ts';
import { oneLine } from '../frame/format.ts';
import type { Session } from '../frame/session.ts';

type PastRun = Item<'listRuns'>;

const key_life_ms = 86_400_000;
const between_calls_ms = 1_000;
const most_calls_a_run = 4;
/** So many of its agents are at work at the same time. */
const at_work = 3;

/** Keeps the agents of the demo at work on goals that they had before, until it is interrupted or has made `count` calls. */
export async function keepRunning(session: Session, count = Number.POSITIVE_INFINITY): Promise<number> {
  const { aos, settings, style, terminal } = session;
  const newest = await aos.call('listRuns', { query: { project: ['demo'], is_synthetic: 'all', limit: 200 } });
  const past = newest.items.filter(({ goal }) => goal !== null);
  const expires_at = new Date(terminal.now() + key_life_ms).toISOString();
  const key = await aos.call('createApiKey', {
    body: { name: 'demo live', role: 'service', project_id: 'demo', expires_at },
  });
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once('SIGINT', interrupt);
  session.note(`live at ${settings.url}/activity/live?project=demo`);
  session.note(style.dim('its agents go on calling; Ctrl-C stops'));
  try {
    const caller = new AOS({ base_url: settings.url, api_key: key.secret, max_retries: 0 });
    await callOn(session, { caller, past, count, signal: interrupted.signal });
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', interrupt);
    await aos.call('revokeApiKey', { params: { id: key.id }, body: { reason: 'the demo is no longer live' } });
  }
  return interrupted.signal.aborted ? exit_codes.interrupted : exit_codes.ok;
}

interface Calling {
  caller: AOS;
  past: readonly PastRun[];
  count: number;
  signal: AbortSignal;
}

async function callOn(session: Session, { caller, past, count, signal }: Calling): Promise<void> {
  let made = 0;
  const work = async () => {
    while (made < count) {
      const run = past[Math.floor(Math.random() * past.length)];
      if (!run) return;
      const session_id = `live-${run.agent_slug}-${Math.random().toString(36).slice(2, 6)}`;
      const calls = 1 + Math.floor(Math.random() * most_calls_a_run);
      for (let call = 0; call < calls && made < count; call++) {
        made++;
        const said = await callOnce(caller, run, session_id, signal);
        session.line(
          { agent: run.agent_slug, session: session_id, ...said },
          () => `${run.agent_slug}  ${said.outcome}  ${oneLine(run.goal ?? '')}`,
        );
        if (made < count) await sleep(between_calls_ms, undefined, { signal });
      }
    }
  };
  await Promise.all(Array.from({ length: at_work }, work));
}

/** One call of a model, and what became of it: a refusal is what the demo is there to show. */
async function callOnce(
  caller: AOS,
  { agent_slug, actor_slug, goal, models }: PastRun,
  session_id: string,
  signal: AbortSignal,
) {
  const named = { agent_id: agent_slug ?? undefined, actor_id: actor_slug ?? undefined };
  const body = {
    model: models[0] ?? 'mock-small',
    max_tokens: 200,
    messages: [{ role: 'user', content: goal ?? '' }],
  };
  const headers = caller.headers({ ...named, session_id });
  try {
    await caller.send({ method: 'POST', path: '/v1/chat/completions', headers, body, signal });
    return { outcome: 'answered', code: null };
  } catch (error) {
    if (!(error instanceof AOSError) || error.status === null || error.status === 401) throw error;
    const { type, code } = error;
    const outcome = type === 'policy_hold' ? 'waits for a person' : type === 'policy_violation' ? 'refused' : 'failed';
    return { outcome, code };
  }
}
