import type { Socket } from 'node:net';
import { assert, present } from '@aos/core/base/assert.ts';
import type { Tx } from '../base/database.ts';
import { arrayText } from './array-text.ts';
import { storable } from './storable.ts';

/** What a flight uses of the driver's connection: the messages of the extended query protocol. */
export interface Wire {
  stream: Socket;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: (string | null)[] }): void;
  describe(message: { type: 'S'; name: string }): void;
  execute(): void;
  sync(): void;
}

interface Field {
  name: string;
  dataTypeID: number;
}

/** How a column's text is read. */
export type ReaderOf = (type_oid: number) => (text: string) => unknown;

/** The columns that a connection's prepared statements answer with, by their names. */
const prepared_on = new WeakMap<Wire, Map<string, Field[]>>();

class Statement {
  readonly text: string;
  readonly values: (string | null)[];
  readonly name: string;
  readonly rows: Record<string, unknown>[] = [];
  readonly answer: Promise<Record<string, unknown>[]>;
  fields: Field[] = [];
  command = '';
  resolve: (rows: Record<string, unknown>[]) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;

  constructor(text: string, values: readonly unknown[], name: string) {
    this.text = text;
    this.values = values.map(valueText);
    this.name = name;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever asked may only wait for the flight as a whole.
    this.answer.catch(() => undefined);
  }
}

function valueText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return Array.isArray(value) ? arrayText(value) : storable(String(value));
}

/**
 * One transaction of a tenant in one packet each way: begin, its statements, commit, and a single Sync behind them. A
 * Sync behind each statement, as drivers send it, makes the database answer each by itself: a dozen packets, and a
 * dozen times that this process wakes up. A statement that fails makes the database skip all that follow it, commit too.
 * https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 *
 * The driver takes it for a query: it calls `submit` when the connection is free, then the handlers, in the order of
 * the answers. Named statements are prepared once for each connection.
 */
export class Flight {
  readonly #statements: Statement[];
  readonly #readerOf: ReaderOf;
  readonly #commit = new Statement('commit', [], 'commit');
  #wire: Wire | null = null;
  #at = 0;
  #is_sent = false;

  constructor(tenant_id: string, readerOf: ReaderOf) {
    this.#readerOf = readerOf;
    this.#statements = [
      new Statement('begin', [], 'begin'),
      new Statement(`select set_config('app.tenant_id', $1, true)`, [tenant_id], 'set_tenant'),
    ];
  }

  /** Takes the statements of the transaction, all of them before it leaves. */
  readonly tx: Tx = {
    query: <R>(text: string, values: readonly unknown[] = [], name = '') => {
      assert(!this.#is_sent, 'the statements of a flight do not wait for its answers');
      const statement = new Statement(text, values, name);
      this.#statements.push(statement);
      return statement.answer as Promise<R[]>;
    },
  };

  /** Resolves when the transaction is committed. */
  async landed(): Promise<void> {
    await this.#commit.answer;
    if (this.#commit.command !== 'COMMIT') throw new Error('the transaction was rolled back by the database');
  }

  submit(wire: Wire): null {
    this.#is_sent = true;
    this.#statements.push(this.#commit);
    this.#wire = wire;
    const prepared = prepared_on.get(wire) ?? new Map<string, Field[]>();
    prepared_on.set(wire, prepared);
    wire.stream.cork();
    for (const statement of this.#statements) write(wire, prepared, statement);
    wire.sync();
    wire.stream.uncork();
    return null;
  }

  get #current(): Statement {
    return present(this.#statements[this.#at], 'the statement that is answered');
  }

  /** Said once, when a statement is prepared. */
  handleRowDescription({ fields }: { fields: Field[] }): void {
    this.#current.fields.push(...fields);
  }

  handleDataRow({ fields: texts }: { fields: (string | null)[] }): void {
    const { fields, rows } = this.#current;
    const row: Record<string, unknown> = {};
    try {
      for (const [n, { name, dataTypeID }] of fields.entries()) {
        const text = texts[n] ?? null;
        row[name] = text === null ? null : this.#readerOf(dataTypeID)(text);
      }
    } catch (error) {
      this.#current.reject(error);
    }
    rows.push(row);
  }

  handleCommandComplete({ text }: { text: string }): void {
    const statement = this.#current;
    this.#at += 1;
    statement.command = text;
    statement.resolve(statement.rows);
  }

  /**
   * The cause fails its own statement and all behind it, which the database did not look at. Which of them it has
   * prepared is not known then: they have to be deallocated with the rollback.
   */
  handleError(error: Error): void {
    if (this.#wire) prepared_on.delete(this.#wire);
    for (const statement of this.#statements.slice(this.#at)) statement.reject(error);
    this.#commit.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#at < this.#statements.length) this.handleError(new Error('the database did not answer a statement'));
  }
}

function write(wire: Wire, prepared: Map<string, Field[]>, statement: Statement): void {
  const { text, values, name } = statement;
  const known = name === '' ? undefined : prepared.get(name);
  if (known) statement.fields = known;
  else {
    wire.parse({ name, text });
    wire.describe({ type: 'S', name });
    if (name !== '') prepared.set(name, statement.fields);
  }
  wire.bind({ statement: name, values });
  wire.execute();
}
