import type { Socket } from 'node:net';
import pg from 'pg';
import { inTime } from './in-time.ts';
import { without_a_word } from './without-a-word.ts';

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

/** How often the connection is tried, and how long the database may take to answer over it. */
const look_every_ms = 5_000;
const answer_within_ms = 2_000;

/**
 * Listens to notifications of the database over a connection of its own. After a lost connection it comes back by
 * itself; what was missed meanwhile the listener has to ask for. A connection over which nothing comes any more looks
 * like one on which nobody speaks: it is asked something every 5 s, and given up when no answer comes.
 */
export function listen(url: string, { channels, onConnect, onError }: Hearing): Listening {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let is_stopped = false;
  const connect = async () => {
    const made = new pg.Client({ connectionString: url, keepAlive: true, options: without_a_word });
    client = made;
    made.on('notification', ({ channel, payload }) => payload && channels[channel]?.(payload));
    made.on('error', () => undefined);
    made.on('end', () => made === client && retry());
    const listening = async () => {
      await made.connect();
      for (const channel of Object.keys(channels)) await made.query(`listen ${channel}`);
    };
    await inTime(listening(), answer_within_ms);
    onConnect();
  };
  const tryToConnect = () => {
    connect().catch((error: Error) => {
      onError(error);
      drop();
      retry();
    });
  };
  const retry = () => {
    if (is_stopped || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      tryToConnect();
    }, 1_000);
  };
  // Without a word of farewell, whose answer may never come.
  const drop = () => {
    if (client) streamOf(client).destroy();
  };
  const look = setInterval(() => {
    const looked_at = client;
    if (!looked_at || timer) return;
    inTime(looked_at.query('select'), answer_within_ms).catch(() => streamOf(looked_at).destroy());
  }, look_every_ms);
  tryToConnect();
  return {
    renew: drop,
    stop: () => {
      is_stopped = true;
      clearInterval(look);
      clearTimeout(timer);
      drop();
    },
  };
}

const streamOf = (client: pg.Client): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;
