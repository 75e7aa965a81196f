import type { Socket } from 'node:net';
import { assert } from '@aos/core/base/assert.ts';
import pg from 'pg';
import type { Database, Tx } from '../base/database.ts';

export const tenant_id_shape = /^ten_[0-9a-hjkmnp-tv-z]{26}$/;
const instant_oids = [1184, 1114];
const instants_oid = 1185;
const texts_oid = 1009;
const instantOf = (value: string) => new Date(value).toISOString();

/** Instants leave the database in the form they have on the wire, so a row needs no mapping. */
const wire_types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (instant_oids.includes(oid)) return instantOf;
    if (oid === instants_oid) {
      const texts = pg.types.getTypeParser(texts_oid as never, 'text') as unknown as (value: string) => string[];
      return (value: string) => texts(value).map(instantOf);
    }
    return pg.types.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;

export interface DatabaseOptions {
  url: string;
  max_connections: number;
  /** How long a statement may take before the database ends it, in milliseconds. */
  statement_timeout_ms: number;
  onIdleError: (error: Error) => void;
}

/**
 * Single flights have connections of their own, so that they wait for nobody else's work. Plans of their statements do not depend on values, so they are made once for each connection. They look rows up by
 * key whatever the statistics said when they were made: the tables were empty for the first of them.
 */
const planned_once = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off';

function openPool(options: DatabaseOptions, max: number, settings: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max,
    connectionTimeoutMillis: 2_000,
    statement_timeout: options.statement_timeout_ms,
    options: `-c role=aos_runtime -c search_path=aos -c timezone=UTC ${settings}`,
    types: wire_types,
    pipeline: true,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
  } as pg.PoolConfig);
  pool.on('error', options.onIdleError);
  return pool;
}

/** Opens the pool as the runtime role, which owns nothing and is bound by row-level security. */
export function openDatabase(options: DatabaseOptions): Database {
  const flight_connections = Math.min(6, Math.ceil(options.max_connections / 3));
  const pool = openPool(options, Math.max(1, options.max_connections - flight_connections), '');
  const flying = openPool(options, flight_connections, planned_once);
  const within = <T>(setting: string, work: (tx: Tx) => Promise<T>) => transaction(pool, setting, work);
  const ofTenant = (tenant_id: string) => {
    assert(tenant_id_shape.test(tenant_id), 'a transaction needs a well-formed tenant id');
    return `set local app.tenant_id = '${tenant_id}'`;
  };
  return {
    tenant: (tenant_id, work) => within(ofTenant(tenant_id), work),
    tenantFlight: (tenant_id, work) => flights(flying, ofTenant(tenant_id), null, work),
    tenantFlights: (tenant_id, first, second) => flights(pool, ofTenant(tenant_id), first, second),
    installation: (work) => within("set local app.all_tenants = 'on'", work),
    presented: (hash, work) => {
      assert(/^[0-9a-f]{64}$/.test(hash), 'a presented key is looked up by its sha256');
      return within(`set local app.presented_hash = '${hash}'`, work);
    },
    close: async () => {
      await Promise.all([pool.end(), flying.end()]);
    },
  };
}

type Send = <R>(config: pg.QueryConfig) => Promise<pg.QueryResult<R & pg.QueryResultRow>>;

const txOver = (send: Send): Tx => ({
  query: async <R>(text: string, values: readonly unknown[] = [], name?: string) =>
    (await send<R>({ text, values: [...values], ...(name && { name }) })).rows as R[],
});

/** Runs `work` between begin and commit; any failure rolls everything back. */
async function transaction<T>(pool: pg.Pool, setting: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`begin; ${setting}`);
    const result = await work(txOver((config) => client.query(config)));
    await commit(client.query('commit'));
    return result;
  } catch (error) {
    broken = await rolledBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * Sends begin with the statements of `first` (if any), waits for their answer, then sends the statements of `second` and commit
 * together. The connection is pipelined and a failed statement aborts those behind it, so all take effect or none.
 */
async function flights<A, T>(
  pool: pg.Pool,
  setting: string,
  first: ((tx: Tx) => Promise<A>) | null,
  second: (tx: Tx, answer: A) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  const tx = txOver((config) => client.query(config));
  let broken: Error | undefined;
  try {
    const send = together(client);
    const [opened, found] = send(() => [client.query(`begin; ${setting}`), first?.(tx)]);
    const [, answer] = first ? await settleAll([opened, found]) : [];
    const [, result] = await settleAll([
      opened,
      ...send(() => [second(tx, answer as A), commit(client.query('commit'))]),
    ]);
    return result as T;
  } catch (error) {
    broken = await rolledBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** What `work` writes to the connection leaves in one packet, not in one per statement. */
function together(client: pg.PoolClient) {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  return <T>(work: () => T): T => {
    stream.cork();
    try {
      return work();
    } finally {
      stream.uncork();
    }
  };
}

async function commit(answer: Promise<pg.QueryResult>): Promise<void> {
  const { command } = await answer;
  if (command !== 'COMMIT') throw new Error('the transaction was rolled back by the database');
}

/** Waits for all, then throws the first failure in order: the cause, not what it brought about. */
async function settleAll(answers: (Promise<unknown> | undefined)[]): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(answers);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : undefined));
}

/** Undoes what is open; a connection that cannot even do that is given up. */
async function rolledBack(client: pg.PoolClient): Promise<Error | undefined> {
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
