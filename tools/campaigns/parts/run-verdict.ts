import type { StubProvider } from '../../simulate/stub-provider.ts';
import type { Sql } from './installation.ts';
import { recount } from './recount.ts';
import type { Receipts } from './run-site.ts';

/** A run that was asked for, by its id. */
export type Asked = ReadonlyMap<string, { label: string }>;

/** Every promise about runs that the rows, the provider and the receipts break, in words. */
export async function verdictOnRuns(sql: Sql, asked: Asked, stub: StubProvider, receipts: Receipts): Promise<string[]> {
  return [
    ...(await endedOnce(sql, asked)),
    ...(await keptWhole(sql)),
    ...(await calledOnce(sql, asked, stub)),
    ...(await sentOnce(sql, asked, receipts)),
    ...(await recount(sql, 'runs')),
  ];
}

/** One terminal state for each run, written once, with nothing of it left to do. */
async function endedOnce(sql: Sql, asked: Asked): Promise<string[]> {
  const rows = await sql<{ id: string; status: string; ends: number; is_closed: boolean; open_steps: number }>(
    `select r.id, r.status, m.ended_at is not null and r.ended_at is not null as is_closed,
        (select count(*)::int from audit_ledger e where e.run_id = r.id and e.event in ('RUN_ENDED', 'RUN_KILLED', 'RUN_CANCELLED')) as ends,
        (select count(*)::int from planned_steps p where p.run_id = r.id and p.state in ('pending', 'running')) as open_steps
      from runs r join managed_runs m on m.run_id = r.id`,
  );
  const lost = [...asked.keys()].filter((id) => !rows.some((row) => row.id === id));
  return [
    ...lost.map((id) => `${id} was accepted and is not there`),
    ...rows
      .filter((row) => row.ends !== 1 || !row.is_closed || row.open_steps > 0)
      .map((row) => `${row.id} is ${row.status} with ${row.ends} ends and ${row.open_steps} open steps`),
    ...rows
      .filter(({ status }) => status !== 'succeeded' && status !== 'failed')
      .map(({ id, status }) => `${id} ended as ${status}, which nothing in it can cause`),
  ];
}

/** What a step gave has its step in the trace, and its record when it asked a model; a run that ended well has all. */
async function keptWhole(sql: Sql): Promise<string[]> {
  const rows = await sql<{ run_id: string; name: string; says: string }>(
    `select p.run_id, p.name, case when s.id is null then 'has no step in the trace'
          when p.skill = 'llm' and x.id is null then 'has no record' else 'was skipped in a run that succeeded' end as says
      from planned_steps p join runs r on r.id = p.run_id
        left join steps s on s.id = p.step_id and s.run_id = p.run_id and s.status = 'succeeded'
        left join llm_run_records x on x.step_id = s.id
      where (p.state = 'succeeded' and (s.id is null or (p.skill = 'llm' and x.id is null)))
        or (r.status = 'succeeded' and p.state <> 'succeeded')`,
  );
  return rows.map(({ run_id, name, says }) => `${run_id} ${name} ${says}`);
}

/** No step succeeded twice, and no request reached the provider that no record stands for. */
async function calledOnce(sql: Sql, asked: Asked, stub: StubProvider): Promise<string[]> {
  const twice = await sql<{ run_id: string; name: string; n: number }>(
    `select run_id, params ->> 'step' as name, count(*)::int as n from steps where status = 'succeeded'
      group by 1, 2 having count(*) > 1`,
  );
  const recorded = await sql<{ run_id: string; name: string; n: number }>(
    `select s.run_id, coalesce(s.params ->> 'step', p.name) as name, count(*)::int as n
      from llm_run_records x join steps s on s.id = x.step_id left join planned_steps p on p.step_id = s.id group by 1, 2`,
  );
  const elsewhere = await sql<{ id: string; source: string }>(
    "select id, source from llm_run_records where source <> 'managed'",
  );
  const records = new Map<string, number>();
  for (const { run_id, n } of recorded) records.set(run_id, (records.get(run_id) ?? 0) + n);
  const requests = new Map<string, number>();
  for (const { label } of stub.log) {
    const run = label?.replace(/\..*$/, '') ?? '';
    requests.set(run, (requests.get(run) ?? 0) + 1);
  }
  const unrecorded = [...asked].filter(([id, { label }]) => (requests.get(label) ?? 0) > (records.get(id) ?? 0));
  return [
    ...twice.map(({ run_id, name, n }) => `${run_id} ${name} succeeded ${n} times`),
    ...elsewhere.map(({ id, source }) => `${id} says that its call came from "${source}"`),
    ...unrecorded.map(
      ([id, { label }]) => `${id}: ${requests.get(label)} requests to the provider, ${records.get(id) ?? 0} records`,
    ),
  ];
}

/** What may happen only once happened at most once, and exactly once where the step succeeded; the rest, once a claim. */
async function sentOnce(sql: Sql, asked: Asked, { seen }: Receipts): Promise<string[]> {
  const rows = await sql<{ run_id: string; name: string; state: string; lease_epoch: number }>(
    `select p.run_id, p.name, p.state, m.lease_epoch from planned_steps p join managed_runs m on m.run_id = p.run_id
      where p.skill = 'http'`,
  );
  return rows.flatMap(({ run_id, name, state, lease_epoch }) => {
    const label = asked.get(run_id)?.label ?? '';
    const sent = seen.get(`/${name}/${label}`) ?? 0;
    const most = name === 'write' ? 1 : lease_epoch;
    const least = state === 'succeeded' ? 1 : 0;
    return sent >= least && sent <= most
      ? []
      : [`${run_id} ${name}, ${state}: sent ${sent} times in ${lease_epoch} claims`];
  });
}
