import type { Socket } from 'node:net';
import { buildConnector } from 'undici';

const interim = Buffer.from('HTTP/1.1 100 ');
const end_of_head = '\r\n\r\n';

/**
 * Connects as undici does, and drops what answers with `100 Continue` unasked, as a client has to (RFC 9110, 15.2.1).
 * undici takes it for a broken answer and closes the connection; the call would be lost after the provider had it.
 */
export function connectorOf(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = buildConnector(options);
  return (to, made) => {
    connect(to, (...result) => {
      if (result[1]) dropContinue(result[1]);
      made(...result);
    });
  };
}

/** A head that is longer is none: what was held back goes on as it is. */
const longest_head = 16 * 1024;

/** Looked for only where an answer begins: at what is read first after something was written. */
function dropContinue(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  // Not told by `bytesWritten`, which adds up what is still to be written each time it is asked.
  let is_answer_due = true;
  socket.write = (...given: unknown[]) => {
    is_answer_due = true;
    return write(...given);
  };
  /** The beginning of an answer, as long as it may become an interim one whose head came in pieces. */
  let held: Buffer | null = null;
  socket.read = (size?: number) => {
    for (;;) {
      const chunk = read(size) as Buffer | null;
      if (chunk === null || (held === null && !is_answer_due)) return chunk;
      let bytes: Buffer = held ? Buffer.concat([held, chunk]) : chunk;
      for (let end = endOfInterim(bytes); end > 0; end = endOfInterim(bytes)) bytes = bytes.subarray(end);
      held = bytes.length === 0 || mayBecomeInterim(bytes) ? bytes : null;
      if (held) continue;
      is_answer_due = false;
      return bytes;
    }
  };
}

/** The offset after the head of an interim answer that begins here; 0 when none does, or not all of it is there. */
function endOfInterim(bytes: Buffer): number {
  if (!interim.equals(bytes.subarray(0, interim.length))) return 0;
  const end = bytes.indexOf(end_of_head);
  return end < 0 ? 0 : end + end_of_head.length;
}

const mayBecomeInterim = (bytes: Buffer): boolean =>
  bytes.length < longest_head && interim.subarray(0, bytes.length).equals(bytes.subarray(0, interim.length));
