import { connect, createServer, type Server, type Socket } from 'node:net';

/** A door to the database that can be shut, as when it dies, or go silent, as when a network drops what is sent. */
export async function doorTo(target: URL) {
  const sockets = new Set<Socket>();
  const pairs = new Set<[Socket, Socket]>();
  /** Those over which somebody listens to notifications. */
  const listening = new Set<[Socket, Socket]>();
  let is_silent = false;
  const join = ([near, far]: [Socket, Socket]) => {
    near.pipe(far);
    far.pipe(near);
  };
  const server: Server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near]] as const) {
      sockets.add(one);
      one
        .on('error', () => other.destroy())
        .on('close', () => {
          other.destroy();
          pairs.delete(pair);
          listening.delete(pair);
          sockets.delete(one);
        });
    }
    near.on('data', (part) => part.includes('listen aos_') && listening.add(pair));
    if (!is_silent) join(pair);
    else near.pause();
  });
  const open = (port: number) => new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  await open(0);
  const { port } = server.address() as { port: number };
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    open: () => open(port),
    shut: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
    /** Nothing passes any more, and nobody is told. */
    silence: () => {
      is_silent = true;
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    /** No notification comes through any more, all else does: how many bytes have been held back so far. */
    deafen: () => {
      if (listening.size === 0) throw new Error('nobody listens through this door');
      let held = 0;
      for (const [near, far] of listening) {
        far.unpipe(near);
        far.on('data', (part) => {
          held += part.length;
        });
        far.resume();
      }
      return { held: () => held };
    },
    /** What was held back passes now. */
    speak: () => {
      is_silent = false;
      for (const pair of pairs) join(pair);
    },
  };
}
