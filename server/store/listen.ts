import type { Socket } from 'node:net';
import pg from 'pg';

export interface Hearing {
  /** What to do with the payload of each channel. */
  channels: Record<string, (payload: string) => void>;
  /** The connection is there, for the first time or again: what was said before was not heard. */
  onConnect: () => void;
  onError: (error: Error) => void;
}

export interface Listening {
  /** Gives the connection up for a new one: it may be silent because it is lost. */
  renew(): void;
  stop(): void;
}

/**
 * Listens to notifications of the database over a connection of its own. After a lost connection it comes back by
 * itself; what was missed meanwhile the listener has to ask for.
 */
export function listen(url: string, { channels, onConnect, onError }: Hearing): Listening {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let is_stopped = false;
  const connect = async () => {
    client = new pg.Client({ connectionString: url, keepAlive: true });
    client.on('notification', ({ channel, payload }) => payload && channels[channel]?.(payload));
    client.on('error', () => undefined);
    client.on('end', retry);
    await client.connect();
    for (const channel of Object.keys(channels)) await client.query(`listen ${channel}`);
    onConnect();
  };
  const retry = () => {
    if (is_stopped || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      connect().catch((error: Error) => {
        onError(error);
        retry();
      });
    }, 1_000);
  };
  connect().catch((error: Error) => {
    onError(error);
    retry();
  });
  // Without a word of farewell, whose answer may never come.
  const drop = () => {
    (client as unknown as { connection: { stream: Socket } } | undefined)?.connection.stream.destroy();
  };
  return {
    renew: drop,
    stop: () => {
      is_stopped = true;
      clearTimeout(timer);
      drop();
    },
  };
}
