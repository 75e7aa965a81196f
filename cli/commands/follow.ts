import type { Answer, Item } from '@aos/sdk/contract.ts';
import { exit_codes } from '../frame/exit-codes.ts';
import { duration, money, oneLine, percent } from '../frame/format.ts';
import type { Session } from '../frame/session.ts';
import { stepName } from './step-name.ts';

type Step = Item<'listSteps'>;
type Run = Answer<'getRun'>;

/** Shows the steps of a run as they end, then how it ended; the exit code says whether a policy stopped it. */
export async function followRun(session: Session, id: string): Promise<number> {
  const { aos, options } = session;
  const { mode } = await aos.call('getRun', { params: { id } });
  const told = tellerOf(session, mode === 'managed');
  const run = await aos.pollRun(id, {
    ...(options.timeout !== undefined && { timeout_ms: session.settings.timeout_ms }),
    on_step: (step) => told.step(step),
  });
  told.flush();
  await tellWarnings(session, run);
  if (options.json) session.show({ data: run, text: () => '' });
  else if (options.jsonl) session.line(run, () => '');
  if (run.status === 'failed_policy') return tellBlocked(session, run, told.count());
  const line = `${money(run.totals.cost_usd)}  ${duration(tookMs(run))}   ${run.url}`;
  const { style } = session;
  if (run.status === 'succeeded') {
    session.note(`${style.green(`${style.mark.tick} succeeded`)}  ${line}`);
    session.hint(`npx aos runs show ${id}`);
    return exit_codes.ok;
  }
  session.note(
    `${style.red(`${style.mark.cross} ${run.is_killed ? 'killed' : run.status}`)} (${run.termination_reason})  ${line}`,
  );
  session.hint(`npx aos runs show ${id}`);
  return exit_codes.failed;
}

const tookMs = (run: Run): number =>
  Math.max(0, Date.parse(run.ended_at ?? run.last_activity_at) - Date.parse(run.started_at ?? run.created_at));

/** Tells each step once; steps alike that follow each other are told as one, with their number. */
function tellerOf(session: Session, is_managed: boolean) {
  let waiting: { step: Step; times: number; cost: number; ms: number } | null = null;
  let count = 0;
  const flush = () => {
    if (waiting === null) return;
    const { step, times, cost, ms } = waiting;
    waiting = null;
    const { style } = session;
    const mark =
      step.status === 'succeeded' ? style.mark.step : step.status === 'blocked' ? style.mark.block : style.mark.cross;
    const again = times > 1 ? ` ×${times} (same call)` : '';
    const paid = step.status === 'blocked' || step.cost_usd === null ? '' : ` ${money(cost)}`;
    const name = is_managed && !isPlanned(step) ? 'plan' : oneLine(stepName(step));
    const ended = step.status === 'succeeded' ? '' : ` ${step.status}`;
    session.note(`${mark} ${name}${again}${ended} ${duration(ms)}${paid}`);
  };
  return {
    step: (step: Step) => {
      count++;
      if (session.options.jsonl) return session.line(step, () => '');
      const cost = Number(step.cost_usd ?? 0);
      if (waiting && sameCall(waiting.step, step)) {
        waiting = { step, times: waiting.times + 1, cost: waiting.cost + cost, ms: waiting.ms + step.duration_ms };
        return;
      }
      flush();
      waiting = { step, times: 1, cost, ms: step.duration_ms };
    },
    flush,
    count: () => count,
  };
}

/** A managed run asks a model for its plan before the steps of the plan. */
const isPlanned = ({ params, kind }: Step): boolean =>
  kind !== 'llm' || (params as { step?: unknown } | null)?.step !== undefined;

/** A loop shows as the same step again: its name but for a number at the end, and its fate. */
const sameCall = (a: Step, b: Step): boolean => a.status === b.status && stemOf(a) === stemOf(b);
const stemOf = (step: Step): string => `${step.skill} ${stepName(step).replace(/[_ -]?\d+$/, '')}`;

async function tellWarnings(session: Session, { id }: Run): Promise<void> {
  const { items } = await session.aos.call('listRunDecisions', { params: { id }, query: { limit: 200 } });
  const warned = items.filter(({ verdict }) => verdict === 'warn').flatMap(({ contributions }) => contributions);
  const told = new Set<string>();
  for (const of of warned.filter(({ fired, verdict }) => fired && verdict === 'warn')) {
    if (told.has(of.control_id)) continue;
    told.add(of.control_id);
    const { style } = session;
    const share = of.limit === null ? '' : `${percent(Number(of.used ?? 0), Number(of.limit))} of `;
    session.note(style.yellow(`${style.mark.warning} ${share}"${oneLine(of.policy_name)}": ${oneLine(of.reason)}`));
  }
}

async function tellBlocked(session: Session, run: Run, steps: number): Promise<number> {
  const { items } = await session.aos.call('listRunDecisions', { params: { id: run.id }, query: { limit: 50 } });
  const decision = items.find(({ verdict }) => verdict === 'block' || verdict === 'kill' || verdict === 'pause');
  const by = decision?.contributions.find(
    ({ fired, control_id }) => fired && (decision.control_id === null || control_id === decision.control_id),
  );
  const { style } = session;
  const max = by?.limit === null || by?.limit === undefined ? '' : ` (max ${by.limit})`;
  const name = by ? ` by "${oneLine(by.policy_name)}"${max}` : '';
  session.note(
    style.red(`${style.mark.block} blocked at step ${Math.max(1, steps)}${name}`) + `   exit ${exit_codes.blocked}`,
  );
  if (by) session.note(`  ${oneLine(by.reason)}`);
  if (decision) {
    session.note(`why:  npx aos policy explain --decision ${decision.id}`);
    session.hint(`npx aos open ${decision.id}`);
  } else session.hint(`npx aos runs show ${run.id}`);
  return exit_codes.blocked;
}
