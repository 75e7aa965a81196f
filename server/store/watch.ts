import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import pg from 'pg';

/** How often the database is asked whether it is there, and how long it may take to answer. */
const every_ms = 400;
const answer_within_ms = 1_000;
const steps = 20;

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
      await inTime(client.query('select'));
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
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await inTime(client.connect()).catch((error: unknown) => {
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

/** Rejects when the answer does not come in time, which passes in small steps: while this process is busy, it stands still. */
async function inTime(answer: Promise<unknown>): Promise<void> {
  let is_answered = false;
  const answered = answer.then(() => {
    is_answered = true;
  });
  const late = (async () => {
    for (let step = 0; step < steps && !is_answered; step++) {
      await pause(answer_within_ms / steps, undefined, { ref: false });
      await turn();
    }
    if (!is_answered) throw new Error('no answer');
  })();
  late.catch(() => undefined);
  answered.catch(() => undefined);
  await Promise.race([answered, late]);
}
