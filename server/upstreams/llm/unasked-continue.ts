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

/** Looked for only where an answer begins: at what is read first after something was written. */
function dropContinue(socket: Socket): void {
  const read = socket.read.bind(socket);
  let answered_bytes = -1;
  socket.read = (size?: number) => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || answered_bytes === socket.bytesWritten) return chunk;
    if (!interim.equals(chunk.subarray(0, interim.length))) {
      answered_bytes = socket.bytesWritten;
      return chunk;
    }
    const end = chunk.indexOf(end_of_head);
    if (end < 0) return chunk;
    const rest = chunk.subarray(end + end_of_head.length);
    return rest.length > 0 ? rest : socket.read(size);
  };
}
