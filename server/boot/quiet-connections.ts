import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Knows on which connections answers are under way; what it returns closes all others: those kept alive, those opened
 * ahead of use, as browsers do, and those amid sending a request. The server's own `closeIdleConnections` leaves the
 * last two open, and they would hold the end of the process until its deadline.
 */
export function quietConnections(server: Server): () => void {
  const under_way = new Map<Socket, number>();
  server.on('connection', (socket: Socket) => {
    under_way.set(socket, 0);
    socket.once('close', () => under_way.delete(socket));
  });
  const count = (socket: Socket, more: 1 | -1) => {
    const now = under_way.get(socket);
    if (now !== undefined) under_way.set(socket, now + more);
  };
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    count(socket, 1);
    response.once('close', () => count(socket, -1));
  });
  return () => {
    for (const [socket, answers] of under_way) if (answers === 0) socket.destroySoon();
  };
}
