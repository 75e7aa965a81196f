/** A row as the driver gives it: numeric and bigint are strings, instants are RFC 3339 texts, jsonb is parsed. */
export type Row = Record<string, unknown>;

/** No answer came, and whether anything took effect is not known. */
export class DatabaseAway extends Error {
  override name = 'DatabaseAway';
  readonly code = 'DATABASE_AWAY';
}

/** SQLSTATE of a statement that the database ended because it waited too long. */
const waited_too_long = '57014';

/** Whether a transaction failed because the database was too slow or too far, and not because of what it said. */
export const cameTooLate = (error: unknown): boolean =>
  error instanceof DatabaseAway || (error as { code?: string } | null)?.code === waited_too_long;

/** The server cannot be reached, ends connections, takes no more, waits too long for locks, or is not the primary. */
const away_codes =
  /^(?:E(?:CONNREFUSED|CONNRESET|PIPE|NOTFOUND|TIMEDOUT|AI_AGAIN|HOSTUNREACH|NETUNREACH|NOENT)|DATABASE_AWAY|08...|57P0[0-5]|57014|53[0-4]00|55P03|40001|40P01|25006)$/;
const away_messages =
  /^(?:timeout exceeded when trying to connect|connection terminated|client has encountered a connection error|client was closed|cannot use a pool after|query read timeout)/i;

/** Whether a transaction failed because the database could not be reached, or could not take it for now. */
export const isAway = (error: unknown): boolean =>
  error instanceof Error &&
  (away_codes.test(String((error as { code?: unknown }).code ?? '')) || away_messages.test(error.message));

/** One transaction: statements run in the order they were sent. */
export interface Tx {
  query<T = Row>(text: string, values?: readonly unknown[], name?: string): Promise<T[]>;
}

export interface Database {
  /** A transaction that sees and writes the rows of one tenant only. */
  tenant<T>(tenant_id: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A transaction of the process itself: lists tenants and its own instances, sees no tenant's rows. */
  installation<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A transaction that may find the one key whose hash the caller presented. */
  presented<T>(hash: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Like `tenant`, for statements that do not wait for each other's answers: one round trip in all. */
  tenantFlight<T>(tenant_id: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Two flights, one transaction: the second is made from the answer of the first, and carries the commit. */
  tenantFlights<A, T>(
    tenant_id: string,
    first: (tx: Tx) => Promise<A>,
    second: (tx: Tx, answer: A) => Promise<T>,
  ): Promise<T>;
  close(): Promise<void>;
}
