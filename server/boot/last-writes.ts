import { setTimeout as sleep } from 'node:timers/promises';
import type { Govern } from '../govern/govern.ts';
import type { Later } from '../govern/later.ts';

/** How long a process that stops goes on to write what waits for the database. */
const write_ms = 5_000;
const look_ms = 100;

/**
 * To be called when no call is under way any more, and while this process still counts as the owner of its holds: what
 * waits for the database is known here only, and what it leaves held is charged as that of a process that died. Takes at
 * most 5 s.
 */
export async function writeWhatWaits({ log }: Govern, later: Later): Promise<void> {
  let is_late = false;
  const untilWritten = async () => {
    while (later.size() > 0 && !is_late) {
      await later.retry();
      if (later.size() > 0) await sleep(look_ms);
    }
  };
  const late = sleep(write_ms, undefined, { ref: false });
  await Promise.race([untilWritten(), late]);
  is_late = true;
  if (later.size() > 0)
    log.error({ waiting: later.size() }, 'what waits for the database is left when the process ends');
}
