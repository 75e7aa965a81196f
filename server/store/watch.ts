import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { inTime } from './in-time.ts';
import { without_a_word } from './without-a-word.ts';

/** How often the database is asked whether it is there, and how long it may take to answer. */
const every_ms = 400;
const answer_within_ms = 1_000;

export interface Watching {
  /** How many answers of the database were heard on other connections. */
  answers: () => number;
  onAway: () => void;
  onBack: () => void;
}

/**
 * Asks the database again and again, over a connection of its own. Broken connections tell by themselves; this finds
 * those that are only silent, as when the network drops what is sent.
 */
export function watchDatabase(url: string, { answers, onAway, onBack }: Watching): () => Promise<void> {
  let client: pg.Client | null = null;
  let is_away = false;
  const stopping = new AbortController();
  const isThere = async (): Promise<boolean> => {
    const heard = answers();
    try {
      client ??= await connected(url);
      await inTime(client.query('select'), answer_within_ms);
      return true;
    } catch {
      client = giveUp(client);
      // A machine that is only busy answers somebody.
      return answers() > heard;
    }
  };
  const watch = async () => {
    while (!stopping.signal.aborted) {
      const is_there = await isThere();
      if (is_there === is_away) {
        is_away = !is_there;
        if (is_away) onAway();
        else onBack();
      }
      await pause(every_ms, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  };
  const watched = watch();
  return async () => {
    stopping.abort();
    await watched;
    giveUp(client);
  };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: without_a_word });
  client.on('error', () => undefined);
  await inTime(client.connect(), answer_within_ms).catch((error: unknown) => {
    giveUp(client);
    throw error;
  });
  return client;
}

/** Leaves without waiting for an answer; null, for the variable that held it. */
function giveUp(client: pg.Client | null): null {
  if (client) (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  return null;
}
