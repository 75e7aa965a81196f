import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '@aos/core/base/error.ts';
import { isAway, type Tx } from '../base/database.ts';
import type { Govern } from '../govern/govern.ts';
import type { Work } from './work.ts';

const try_again_ms = 1_000;

/**
 * Waits for the database as long as the claim is ours. Nobody waits for the answer of a run, and breaking it off would
 * break off what runs beside, which has been begun, and paid for. `run` must be safe to repeat when it failed so.
 */
export async function whileClaimed<T>(
  govern: Govern,
  { lost, run }: Pick<Work, 'lost' | 'run'>,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (lost.aborted || !mayPass(error)) throw error;
      govern.log.warn({ error: (error as Error).message, run_id: run.run_id }, 'a run waits for the database');
      await pause(try_again_ms, undefined, { signal: lost });
    }
  }
}

const mayPass = (error: unknown): boolean =>
  isAway(error) || (error instanceof Problem && error.code === 'governance_unavailable');

/** A transaction of the tenant, waited for in the same way. */
export const write = <T>(
  govern: Govern,
  of: Pick<Work, 'tenant_id' | 'lost' | 'run'>,
  work: (tx: Tx) => Promise<T>,
): Promise<T> => whileClaimed(govern, of, () => govern.db.tenant(of.tenant_id, work));
