import type { Tx } from '../base/database.ts';
import { raiseControlEpoch } from './tenants.ts';

/** Where processes hear that a tenant's control changed; the admission itself does not depend on hearing it. */
export const control_channel = 'aos_control';

/**
 * Closes the tenant's gate for the rest of the transaction and raises its control epoch. Call it before the first
 * change of anything that admission depends on: policies, keys, providers, prices, projects. It waits for admissions
 * in flight; admissions that come later wait for this transaction and then find the new epoch, so no call is admitted
 * under the older state once the caller of the change has its answer.
 */
export async function closeGate(tx: Tx, tenant_id: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(gate_key($1))', [tenant_id]);
  await raiseControlEpoch(tx, tenant_id);
  await tx.query('select pg_notify($1, $2)', [control_channel, tenant_id]);
}

/**
 * Holds the gate of the transaction's tenant to its end without raising the epoch: admissions in flight are waited for,
 * later ones wait. For a change that an admission reads for itself at the gate, such as the end of a run.
 */
export async function holdGate(tx: Tx): Promise<void> {
  await tx.query('select hold_gate()');
}
