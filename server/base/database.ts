/** A row as the driver gives it: numeric and bigint are strings, instants are RFC 3339 texts, jsonb is parsed. */
export type Row = Record<string, unknown>;

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
