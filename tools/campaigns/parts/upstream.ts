import type { StubProvider } from '../../simulate/stub-provider.ts';
import type { Sql } from './installation.ts';
import type { PlannedCall } from './plan.ts';

/** Looks, for each request that reaches the provider, whether its hold was taken and committed before that. */
export interface Witness {
  /** For the stub: called when a request has arrived, before anything of its answer is made. */
  see(label: string): Promise<void>;
  /** Calls that may reach the provider from now on. */
  expect(calls: readonly PlannedCall[]): void;
  /** After all is settled: every request against the records. */
  check(sql: Sql, stub: StubProvider): Promise<{ requests: number; records: number; broken: string[] }>;
}

/** `sql` is asked for when it is first needed: the stub is started before the database. */
export function createWitness(sql: () => Sql): Witness {
  const hashes = new Map<string, string>();
  const broken: string[] = [];
  return {
    expect: (calls) => {
      for (const call of calls) hashes.set(call.label, call.prompt_hash);
    },
    async see(label) {
      const hash = hashes.get(label);
      if (hash === undefined) return;
      const [row] = await sql()<{ held: number; recorded: number }>(
        `select (select count(*)::int from holds where call->>'prompt_hash' = $1 and dispatched_at <= clock_timestamp()) as held,
          (select count(*)::int from llm_run_records where prompt_hash = $1) as recorded`,
        [hash],
      );
      const { held = 0, recorded = 0 } = row ?? {};
      if (held + recorded !== 1)
        broken.push(`${label} reached the provider with ${held} holds and ${recorded} records`);
    },
    async check(sql_now, stub) {
      const records = await sql_now<{ prompt_hash: string; n: number }>(
        'select prompt_hash, count(*)::int as n from llm_run_records group by 1',
      );
      const recorded = new Map(records.map((row) => [row.prompt_hash, row.n]));
      const requests = new Map<string, number>();
      for (const { label } of stub.log) {
        if (label === null) broken.push('a request reached the provider that no call explains');
        else requests.set(label, (requests.get(label) ?? 0) + 1);
      }
      for (const [label, n] of requests) {
        const of_call = recorded.get(hashes.get(label) ?? '') ?? 0;
        if (n !== 1 || of_call !== 1) broken.push(`${label}: ${n} requests to the provider, ${of_call} records`);
      }
      return { requests: stub.log.length, records: records.length, broken };
    },
  };
}
