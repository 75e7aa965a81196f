import type { Socket } from 'node:net';
import { assert } from '@aos/core/base/assert.ts';
import pg from 'pg';
import { type Database, DatabaseAway, type Tx } from '../base/database.ts';
import { Flight } from './flight.ts';
import { storableParameter } from './storable.ts';
import { without_a_word } from './without-a-word.ts';

export const tenant_id_shape = /^ten_[0-9a-hjkmnp-tv-z]{26}$/;
const instant_oids = [1184, 1114];
const instants_oid = 1185;
const texts_oid = 1009;
const whole_numbers_oid = 1016;
const instantOf = (value: string) => new Date(value).toISOString();

/** An array of `bigint`, which holds no null here, as texts; each admission reads two. */
const wholeNumbers = (value: string) => (value === '{}' ? [] : value.slice(1, -1).split(','));

/** Instants leave the database in the form they have on the wire, so a row needs no mapping. */
const wire_types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
    if (instant_oids.includes(oid)) return instantOf;
    if (oid === whole_numbers_oid) return wholeNumbers;
    if (oid === instants_oid) {
      const texts = pg.types.getTypeParser(texts_oid as never, 'text') as unknown as (value: string) => string[];
      return (value: string) => texts(value).map(instantOf);
    }
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

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

/** A statement of a flight that waits longer is ended by the database itself: then it is sure that nothing took effect. */
const flight_statement_ms = 1_500;

/** A flight that takes longer fails: whoever waits for it is answered within two seconds. */
const flight_within_ms = 1_800;

/** The database with what its watch needs. */
export interface OpenDatabase extends Database {
  /** How many transactions the database has answered. */
  answers(): number;
  /** Ends all connections, for they are silent, and refuses new transactions at once until `setBack`. */
  setAway(): void;
  setBack(): void;
}

function openPool(
  options: DatabaseOptions,
  max: number,
  of: { statement_ms: number; settings: string; pipeline: boolean },
) {
  const pool = new pg.Pool({
    connectionString: options.url,
    max,
    connectionTimeoutMillis: 2_000,
    statement_timeout: of.statement_ms,
    options: `-c role=aos_runtime -c search_path=aos -c timezone=UTC ${without_a_word} ${of.settings}`,
    types: wire_types,
    pipeline: of.pipeline,
    keepAlive: true,
    idleTimeoutMillis: 60_000,
  } as pg.PoolConfig);
  pool.on('error', options.onIdleError);
  return pool;
}

/** Opens the pool as the runtime role, which owns nothing and is bound by row-level security. */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  const flight_connections = Math.min(6, Math.ceil(options.max_connections / 3));
  const pool = openPool(options, Math.max(1, options.max_connections - flight_connections), {
    statement_ms: options.statement_timeout_ms,
    settings: '',
    pipeline: true,
  });
  // A flight is one query to the driver, and a pipeline of statements to the database.
  const flying = openPool(options, flight_connections, {
    statement_ms: flight_statement_ms,
    settings: planned_once,
    pipeline: false,
  });
  const connections = new Connections(pool, flying);
  const within = <T>(setting: string, work: (tx: Tx) => Promise<T>) =>
    connections.while(() => transaction(() => connections.to(pool), setting, work));
  const checked = (tenant_id: string) => {
    assert(tenant_id_shape.test(tenant_id), 'a transaction needs a well-formed tenant id');
    return tenant_id;
  };
  const ofTenant = (tenant_id: string) => `set local app.tenant_id = '${checked(tenant_id)}'`;
  return {
    tenant: (tenant_id, work) => within(ofTenant(tenant_id), work),
    tenantFlight: (tenant_id, work) =>
      connections.while(() => flight(() => connections.to(flying), checked(tenant_id), work)),
    tenantFlights: (tenant_id, first, second) =>
      connections.while(() => flights(() => connections.to(pool), ofTenant(tenant_id), first, second)),
    answers: () => connections.answers,
    setAway: () => connections.sever(),
    setBack: () => {
      connections.is_away = false;
    },
    installation: (work) => within("set local app.all_tenants = 'on'", work),
    presented: (hash, work) => {
      assert(/^[0-9a-f]{64}$/.test(hash), 'a presented key is looked up by its sha256');
      // Of one moment: a key is never older than the control epoch that is read with it.
      const one_moment = 'set transaction isolation level repeatable read';
      return within(`${one_moment}; set local app.presented_hash = '${hash}'`, work);
    },
    close: async () => {
      await Promise.all([pool.end(), flying.end()]);
    },
  };
}

/** The connections of this process, which can all be ended at once. */
class Connections {
  answers = 0;
  is_away = false;
  times_away = 0;
  readonly #open = new Set<pg.PoolClient>();
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(...pools: pg.Pool[]) {
    for (const pool of pools) {
      pool.on('connect', (client) => {
        this.#open.add(client);
        // Whoever uses it learns of its end by the failed statement; unheard, the event would end the process.
        client.on('error', () => undefined);
      });
      pool.on('remove', (client) => this.#open.delete(client));
    }
  }

  /** Whoever waits when the database goes away is told at once, be it for an answer or for a connection. */
  while<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.is_away) throw new DatabaseAway('the database is away');
      this.#waiting.add(reject);
      work().then(
        (answer) => {
          this.#waiting.delete(reject);
          this.answers += 1;
          resolve(answer);
        },
        (error) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** A connection for work that somebody still waits for. */
  async to(pool: pg.Pool): Promise<pg.PoolClient> {
    const { times_away } = this;
    const client = await pool.connect();
    if (times_away === this.times_away) return client;
    client.release();
    throw new DatabaseAway('the database was away meanwhile');
  }

  sever(): void {
    this.is_away = true;
    this.times_away += 1;
    for (const client of this.#open) streamOf(client).destroy();
    for (const reject of this.#waiting) reject(new DatabaseAway('the database is away'));
    this.#waiting.clear();
  }
}

const streamOf = (client: pg.PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

type Connect = () => Promise<pg.PoolClient>;

type Send = <R>(config: pg.QueryConfig) => Promise<pg.QueryResult<R & pg.QueryResultRow>>;

const txOver = (send: Send): Tx => ({
  query: async <R>(text: string, values: readonly unknown[] = [], name?: string) =>
    (await send<R>({ text, values: values.map(storableParameter), ...(name && { name }) })).rows as R[],
});

/** Runs `work` between begin and commit; any failure rolls everything back. */
async function transaction<T>(connect: Connect, setting: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await connect();
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

/** Sends a whole transaction at once: `work` asks for all of its statements before it waits for any. */
async function flight<T>(connect: Connect, tenant_id: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const flying = new Flight(tenant_id, wire_types.getTypeParser);
  return inTime(connect, 'rollback; deallocate all', async (client) => {
    const result = work(flying.tx);
    client.query(flying as unknown as pg.Submittable);
    const [answer] = await settleAll([result, flying.landed()]);
    return answer as T;
  });
}

/**
 * Sends begin with the statements of `first`, waits for their answer, then sends the statements of `second` and commit
 * together. The connection is pipelined and a failed statement aborts those behind it, so all take effect or none.
 */
function flights<A, T>(
  connect: Connect,
  setting: string,
  first: (tx: Tx) => Promise<A>,
  second: (tx: Tx, answer: A) => Promise<T>,
): Promise<T> {
  return inTime(connect, 'rollback', async (client) => {
    const tx = txOver((config) => client.query(config));
    const send = together(client);
    const [opened, found] = send(() => [client.query(`begin; ${setting}`), first(tx)]);
    const [, answer] = await settleAll([opened, found]);
    const [result] = await settleAll(send(() => [second(tx, answer as A), commit(client.query('commit'))]));
    return result as T;
  });
}

/** Runs a transaction that takes no longer than a flight may; any failure rolls everything back. */
async function inTime<T>(connect: Connect, undo: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await connect();
  let broken: Error | undefined;
  const late = setTimeout(() => streamOf(client).destroy(new DatabaseAway('a flight took too long')), flight_within_ms);
  try {
    return await work(client);
  } catch (error) {
    broken = await rolledBack(client, undo);
    throw error;
  } finally {
    clearTimeout(late);
    client.release(broken);
  }
}

/** What `work` writes to the connection leaves in one packet, not in one per statement. */
function together(client: pg.PoolClient) {
  const stream = streamOf(client);
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
async function rolledBack(client: pg.PoolClient, undo = 'rollback'): Promise<Error | undefined> {
  try {
    await client.query(undo);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
