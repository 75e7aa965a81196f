import { instantOf } from '@aos/core/base/id.ts';
import type { Installation, Sql } from './installation.ts';
import type { Findings } from './report.ts';

/** What was seen from outside. */
export interface Seen {
  /** When the first call was sent, milliseconds since 1970. */
  began_ms: number;
  /** Calls that were admitted, by agent. */
  admitted: Record<string, number>;
  refused: Record<string, number>;
  /** Chunks of text of each stream that a step fell into, and how it ended. */
  streams: { chunks: number; finished: boolean }[];
  runs: string[];
  /** After each step: whether a session and a key with an hour to live went on, and whether a key that had ended did not. */
  doors: { offset: string; session: number; living_key: number; ended_key: number }[];
  /** After each step: the window of the limit on a day. */
  windows: string[];
}

/** An id and an instant of a row may be this far from the true time: a call, and a busy machine, take their time. */
const slack_ms = 5_000;

/** What the database kept, in its own true time, against what was seen from outside. */
export async function verdictOnClock(
  { sql, stub }: Installation,
  seen: Seen,
  caps: Record<string, number>,
): Promise<Findings> {
  const [ledger, records] = [await ledgerTimes(sql), await recordTimes(sql, seen.began_ms)];
  const [books] = await sql<{ pending: number; uncounted: number; estimated: number; records: number }>(
    `select (select coalesce(sum(pending), 0) from balances)::int as pending,
        (select count(*) from llm_run_records where usage_source <> 'provider' and provider = 'openai')::int as estimated,
        (select count(*) from llm_run_records where provider = 'openai')::int as records,
        (select count(*) from llm_run_records where settled_at < admitted_at)::int as uncounted`,
  );
  const runs = await sql<{ id: string; status: string; lease_epoch: number }>(
    'select r.id, r.status, m.lease_epoch from runs r join managed_runs m on m.tenant_id = r.tenant_id and m.run_id = r.id',
  );
  const taken_over = runs.filter(({ lease_epoch }) => lease_epoch > 1).length;
  const unfinished = runs.filter(({ status }) => status !== 'succeeded');
  const early = await sql("select from runs where mode = 'gateway' and ended_at is not null and status = 'succeeded'");
  const broken = [
    ...capsBroken(seen, caps),
    ...seen.doors.flatMap(({ offset, session, living_key, ended_key }) =>
      session === 200 && living_key === 200 && ended_key === 401
        ? []
        : [`at ${offset}: session ${session}, living key ${living_key}, ended key ${ended_key}`],
    ),
    ...(new Set(seen.windows).size === 1 ? [] : [`the window of the day went ${seen.windows.join(', ')}`]),
    ...seen.streams
      .filter(({ chunks, finished }) => chunks !== 20 || !finished)
      .map((of) => `a stream: ${JSON.stringify(of)}`),
    ...(books?.pending === 0 ? [] : [`${books?.pending} are still pending`]),
    ...(books?.estimated === 0 ? [] : [`${books?.estimated} calls were settled as estimated`]),
    ...(books?.records === stub.log.length
      ? []
      : [`${stub.log.length} calls were sent and ${books?.records} are on record`]),
    ...(taken_over === 0 ? [] : [`${taken_over} runs were taken from a living worker`]),
    ...(unfinished.length === 0 ? [] : [`${unfinished.length} runs did not succeed`]),
    ...(early.length === 0 ? [] : [`${early.length} gateway runs were ended as idle`]),
    ...farOff('the ledger', ledger),
    ...farOff('records', records),
  ];
  const { admitted, refused, streams, windows } = seen;
  return {
    figures: {
      ...{
        admitted,
        refused,
        streams: streams.length,
        runs: runs.length,
        taken_over,
        day_windows: new Set(windows).size,
      },
      ...{ records: books?.records, ledger_entries: ledger.rows, ledger_ids_off_ms: ledger.id_off_ms },
      ...{ record_ids_off_ms: records.id_off_ms, ledger_out_of_order: ledger.out_of_order },
    },
    broken,
  };
}

function capsBroken({ admitted, refused }: Seen, caps: Record<string, number>): string[] {
  return Object.entries(caps).flatMap(([agent, cap]) => {
    const others = Object.keys(refused).filter((name) => name.startsWith(`${agent} `) && !/ 4(02|29)$/.test(name));
    return [
      ...((admitted[agent] ?? 0) === cap ? [] : [`${agent}: ${admitted[agent]} calls admitted of a cap of ${cap}`]),
      ...others.map((name) => `${name}: ${refused[name]} answers`),
    ];
  });
}

interface Times {
  rows: number;
  /** The farthest that the instant in an id, and the instant of a row, are from the true time. */
  id_off_ms: number;
  at_off_ms: number;
  /** Entries whose id says that they came before one that was recorded well before them. */
  out_of_order: number;
}

/** The ledger keeps when the database, whose clock is true, took an entry. */
async function ledgerTimes(sql: Sql): Promise<Times> {
  const rows = await sql<{ id: string; at_ms: string; true_ms: string }>(
    `select id, extract(epoch from occurred_at) * 1000 as at_ms, extract(epoch from recorded_at) * 1000 as true_ms
      from audit_ledger order by id`,
  );
  let latest_ms = 0;
  let out_of_order = 0;
  for (const { true_ms } of rows) {
    if (Number(true_ms) < latest_ms - slack_ms) out_of_order += 1;
    latest_ms = Math.max(latest_ms, Number(true_ms));
  }
  return { ...offOf(rows), out_of_order };
}

/** Records keep no time of the database; that of each lies between the first call and now. */
async function recordTimes(sql: Sql, began_ms: number): Promise<Times> {
  const rows = await sql<{ id: string; at_ms: string }>(
    'select id, extract(epoch from admitted_at) * 1000 as at_ms from llm_run_records order by id',
  );
  const ends_ms = Date.now();
  const within = rows.map((row) => ({
    ...row,
    true_ms: String(Math.min(ends_ms, Math.max(began_ms, Number(row.at_ms)))),
  }));
  return { ...offOf(within), out_of_order: 0 };
}

function offOf(rows: readonly { id: string; at_ms: string; true_ms: string }[]) {
  const farthest = (ofRow: (row: (typeof rows)[number]) => number) =>
    Math.round(Math.max(0, ...rows.map((row) => Math.abs(ofRow(row) - Number(row.true_ms)))));
  return {
    rows: rows.length,
    id_off_ms: farthest(({ id }) => instantOf(id)),
    at_off_ms: farthest(({ at_ms }) => Number(at_ms)),
  };
}

function farOff(what: string, { id_off_ms, at_off_ms, out_of_order }: Times): string[] {
  return [
    ...(id_off_ms <= slack_ms ? [] : [`${what}: ids are up to ${id_off_ms} ms from the true time`]),
    ...(at_off_ms <= slack_ms ? [] : [`${what}: instants are up to ${at_off_ms} ms from the true time`]),
    ...(out_of_order === 0 ? [] : [`${what}: ${out_of_order} entries stand before older ones`]),
  ];
}
