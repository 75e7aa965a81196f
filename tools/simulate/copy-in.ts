import pg from 'pg';

interface CopyConnection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  stream: { writableNeedDrain: boolean; once(event: 'drain', listener: () => void): void };
}

/** `copy … from stdin` as the driver takes a query: it sends the texts that it is given, as fast as they are taken. */
class CopyIn extends (pg.Query as unknown as new (
  text: string,
  values: undefined,
  done: (error: Error | null) => void,
) => object) {
  readonly #chunks: Iterator<string>;

  constructor(text: string, chunks: Iterable<string>, done: (error: Error | null) => void) {
    super(text, undefined, done);
    this.#chunks = chunks[Symbol.iterator]();
  }

  handleCopyInResponse(connection: CopyConnection): void {
    const send = (): void => {
      for (let next = this.#chunks.next(); !next.done; next = this.#chunks.next()) {
        connection.sendCopyFromChunk(Buffer.from(next.value));
        if (!connection.stream.writableNeedDrain) continue;
        connection.stream.once('drain', send);
        return;
      }
      connection.endCopyFrom();
    };
    send();
  }
}

/** Writes rows in COPY's text form into a table: a tenth of the time of inserts. */
export function copyInto(
  client: pg.Client,
  table: string,
  columns: readonly string[],
  lines: Iterable<string>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const text = `copy ${table} (${columns.join(', ')}) from stdin`;
    client.query(new CopyIn(text, lines, (error) => (error ? reject(error) : resolve())) as unknown as pg.Submittable);
  });
}
