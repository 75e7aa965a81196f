import { present } from '@aos/core/base/assert.ts';
import { refuses } from '@aos/core/policies/action.ts';
import type { Decision } from '@aos/core/policies/decide.ts';
import { decideAtGate, mayPass } from '@aos/core/policies/gate.ts';
import { inspect } from '@aos/core/policies/inspect.ts';
import type { RecordedCall } from '@aos/core/policies/replay.ts';
import { reserve } from '@aos/core/policies/reserve.ts';
import { indexPolicies, resolve } from '@aos/core/policies/resolve.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import { endsRun } from '@aos/core/policies/stop.ts';
import type { Database } from '@aos/server/base/database.ts';
import { makeId } from '@aos/server/base/deps.ts';
import { admit } from '@aos/server/store/admission.ts';
import { releaseHolds } from '@aos/server/store/usage.ts';

export interface Enforced {
  /** Null: its run had been stopped. */
  decision: Decision | null;
  output_bound: number | null;
}

interface Open {
  id: string;
  ends_ms: number;
  actual: bigint[] | null;
  types: string[];
}

/**
 * Recorded calls one after the other through the code that enforces, with the clock of the records: resolve, reserve, the
 * books in the database (the statement that admits, the statement that posts), decide. `tenant_id` has no balances yet.
 */
export async function enforceAgain(
  db: Database,
  tenant_id: string,
  policies: readonly ActivePolicy[],
  calls: readonly RecordedCall[],
): Promise<Enforced[]> {
  const index = indexPolicies('', { policies: [...policies] });
  const ended = new Set<string>();
  let open: Open[] = [];
  const enforced: Enforced[] = [];
  const [tenant] = await db.tenant(tenant_id, (tx) =>
    tx.query<{ control_epoch: string }>('select control_epoch from tenants where id = current_tenant()'),
  );
  const { control_epoch } = present(tenant, 'the tenant');
  for (const recorded of calls) {
    const { call, admitted_at_ms: at_ms, is_managed } = recorded;
    const over = open.filter(({ ends_ms }) => ends_ms <= at_ms);
    open = open.filter(({ ends_ms }) => ends_ms > at_ms);
    for (const { id, actual, types } of over)
      await db.tenant(tenant_id, (tx) =>
        releaseHolds(tx, [id], (held, n) => actual?.[n] ?? (types[n] === 'concurrency' ? 0n : held)),
      );
    if (ended.has(call.asker.run_id)) {
      enforced.push({ decision: null, output_bound: null });
      continue;
    }
    const estimate = present(recorded.estimate, 'the stored estimate');
    const matched = resolve(index, call, at_ms);
    const reservation = reserve(matched, call, estimate, at_ms);
    const inspected = inspect(matched, call);
    const id = makeId('decision');
    const [admission] = await db.tenantFlight(tenant_id, (tx) =>
      admit(tx, {
        control_epoch,
        instance_id: 'replay',
        at_ms,
        asks: [
          {
            ...{ id, run_id: call.asker.run_id, run_must_exist: false, call: {} },
            ...{ output_tokens: estimate.output_tokens, lines: reservation.lines },
            take: mayPass(inspected, reservation),
          },
        ],
      }),
    );
    const { outcome, output_bound, seen } = present(admission, 'an admission');
    const decision = decideAtGate(inspected, reservation, seen, output_bound ?? estimate.output_tokens.floor);
    if (outcome === 'admitted') {
      const { used } = recorded;
      const actual = used && reservation.lines.map((line) => line.type.post(line.limit, used));
      open.push({
        id,
        ends_ms: recorded.settled_at_ms,
        actual,
        types: reservation.lines.map(({ limit }) => limit.type),
      });
    } else if (decision.deciding && refuses(decision.verdict) && (is_managed || endsRun(decision.deciding)))
      ended.add(call.asker.run_id);
    enforced.push({ decision, output_bound });
  }
  return enforced;
}
