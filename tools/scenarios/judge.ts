import { isDeepStrictEqual } from 'node:util';
import { expectStatus, waitFor } from '../../e2e/parts/client.ts';
import type { Stage } from './perform.ts';
import type { Effects } from './scenario.ts';

type Row = Record<string, unknown>;

/** Everything that the API shows of a scenario, in the form in which effects are written. */
async function seen(stage: Stage): Promise<Effects> {
  const { admin, names, answers, told } = stage;
  const list = async (path: string): Promise<Row[]> =>
    expectStatus(200, await admin.get<{ items: Row[] }>(`/api/v1/${path}${path.includes('?') ? '&' : '?'}limit=200`))
      .items;
  const scope = `project=${names.project}&is_synthetic=all`;
  const runs = (await list(`runs?${scope}`)).reverse();
  const of_runs = await Promise.all(
    runs.map(({ id }) => Promise.all([list(`runs/${id}/steps`), list(`runs/${id}/decisions`)])),
  );
  const policies = await Promise.all(
    stage.policies.map(async (id) => expectStatus(200, await admin.get<Row>(`/api/v1/policies/${id}`))),
  );
  const limits = (await Promise.all(stage.policies.map((id) => list(`limits?policy_id=${id}`)))).flat();
  const ledger = [
    ...runs.map(({ id }) => `run=${id}`),
    ...stage.policies.map((id) => `policy=${id}`),
    `project=${names.project}`,
  ];
  const entries = (await Promise.all(ledger.map((query) => list(`logs/audit?${query}`)))).flat();
  return {
    answers,
    told: told as Row[],
    activity: { runs, steps: of_runs.flatMap(([steps]) => steps.map(({ status }) => String(status))) },
    policies: {
      decisions: of_runs.flatMap(([, decisions]) => decisions.filter(({ derived }) => !derived).reverse()),
      statuses: policies.map(({ status }) => String(status)),
      posted: limits.map(({ posted, items }) => posted ?? (items as Row[]).map((of) => of.posted)),
    },
    incidents: (await list(`incidents?${scope}`)).reverse(),
    logs: {
      records: (await list(`logs/llm-runs?${scope}`)).reverse(),
      ledger: [...new Set(entries.map(({ event }) => String(event)))].sort(),
    },
  };
}

/** What is not as expected; nothing when all is. Looks again for a moment: calls are settled after they are answered. */
export async function judge(stage: Stage, expected: Effects): Promise<string[]> {
  let differing: string[] = [];
  const agrees = async () => {
    differing = differences(expected, await seen(stage));
    return differing.length === 0;
  };
  await waitFor(agrees, { interval_ms: 250, what: 'the effects' }).catch(() => undefined);
  return differing;
}

function differences(expected: Effects, found: Effects): string[] {
  const { activity, policies, logs } = expected;
  const missing = logs.ledger.filter((event) => !found.logs.ledger.includes(event));
  return [
    ...unlike('answers', expected.answers, found.answers),
    ...unlike('told', expected.told, found.told),
    ...unlike('activity.runs', activity.runs, found.activity.runs),
    ...unlike('activity.steps', activity.steps, found.activity.steps),
    ...unlike('policies.decisions', policies.decisions, found.policies.decisions),
    ...(policies.statuses ? unlike('policies.statuses', policies.statuses, found.policies.statuses ?? []) : []),
    ...(policies.posted ? unlike('policies.posted', policies.posted, found.policies.posted ?? []) : []),
    ...unlike('incidents', expected.incidents, found.incidents),
    ...unlike('logs.records', logs.records, found.logs.records),
    ...missing.map((event) => `logs.ledger has no ${event}: ${found.logs.ledger.join(' ')}`),
  ];
}

function unlike(what: string, expected: readonly unknown[], found: readonly unknown[]): string[] {
  if (expected.length !== found.length)
    return [
      `${what}: ${expected.length} expected, ${found.length} found: ${JSON.stringify(found.map((one) => brief(one, expected))).slice(0, 600)}`,
    ];
  return expected.flatMap((one, n) =>
    holds(one, found[n])
      ? []
      : [`${what}[${n}]: expected ${JSON.stringify(one)}, found ${JSON.stringify(brief(found[n], [one]))}`],
  );
}

/** Only the members that were asked about. */
function brief(found: unknown, expected: readonly unknown[]): unknown {
  if (typeof found !== 'object' || found === null) return found;
  const names = new Set([
    'status',
    'verdict',
    'code',
    'category',
    ...expected.flatMap((one) => (typeof one === 'object' && one !== null ? Object.keys(one) : [])),
  ]);
  return Object.fromEntries(Object.entries(found).filter(([name]) => names.has(name)));
}

/** Every member that is named has its value; `present` stands for anything that is there. */
function holds(expected: unknown, found: unknown): boolean {
  if (expected === 'present') return found !== null && found !== undefined;
  if (Array.isArray(expected))
    return Array.isArray(found) && expected.length === found.length && expected.every((one, n) => holds(one, found[n]));
  if (typeof expected !== 'object' || expected === null)
    return isDeepStrictEqual(expected, found) || String(expected) === String(found);
  if (typeof found !== 'object' || found === null) return false;
  return Object.entries(expected).every(([name, value]) => holds(value, (found as Row)[name]));
}
