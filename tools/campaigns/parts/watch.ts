import { setTimeout as pause } from 'node:timers/promises';
import type { Sql } from './installation.ts';

/** The books of one control as a single statement sees them, in whole units. */
export interface Observation {
  posted: bigint;
  pending: bigint;
  /** Σ of the open holds' amounts, and how many there are. */
  held: bigint;
  holds: number;
  /** Σ of the cost of all records. */
  recorded: bigint;
}

export async function observe(sql: Sql, control_id: string): Promise<Observation> {
  const [row] = await sql<Record<keyof Observation, string>>(
    `select coalesce(sum(b.posted), 0)::text as posted, coalesce(sum(b.pending), 0)::text as pending,
        (select coalesce(sum(x.amount), 0)::text from holds h, unnest(h.control_ids, h.amounts) x(control, amount) where x.control = $1) as held,
        (select count(*)::text from holds) as holds,
        (select coalesce(sum(cost_usd) * 1e9, 0)::numeric(30, 0)::text from llm_run_records) as recorded
      from balances b where b.control_id = $1`,
    [control_id],
  );
  const of = (name: keyof Observation) => BigInt(row?.[name] ?? 0);
  return {
    posted: of('posted'),
    pending: of('pending'),
    held: of('held'),
    holds: Number(of('holds')),
    recorded: of('recorded'),
  };
}

/** What is wrong with an observation made while calls are under way; each is of one moment, so nothing may be off by one. */
function wrongIn({ posted, pending, held, recorded }: Observation, cap: bigint): string[] {
  const wrong: string[] = [];
  if (posted < 0n || pending < 0n) wrong.push(`below zero: posted ${posted}, pending ${pending}`);
  if (posted + pending > cap) wrong.push(`over the cap: ${posted} posted and ${pending} pending of ${cap}`);
  if (pending !== held) wrong.push(`${pending} is pending, the open holds are ${held}`);
  if (posted !== recorded) wrong.push(`${posted} is posted, the records cost ${recorded}`);
  return wrong;
}

export interface Watch {
  /** Ends watching; gives how often was looked, the fullest moment, and what was wrong. */
  stop(): Promise<{ observations: number; most: bigint; broken: string[] }>;
}

/** Looks at the books again and again while a campaign runs. */
export function watch(sql: Sql, control_id: string, cap: bigint, every_ms = 15): Watch {
  let is_stopped = false;
  let observations = 0;
  let most = 0n;
  const broken = new Set<string>();
  const looking = (async () => {
    while (!is_stopped) {
      const seen = await observe(sql, control_id);
      observations += 1;
      if (seen.posted + seen.pending > most) most = seen.posted + seen.pending;
      for (const wrong of wrongIn(seen, cap)) broken.add(wrong);
      await pause(every_ms);
    }
  })();
  return {
    stop: async () => {
      is_stopped = true;
      await looking;
      return { observations, most, broken: [...broken] };
    },
  };
}
