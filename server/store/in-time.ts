import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';

const steps = 20;

/** Rejects when the answer does not come in time, which passes in small steps: while this process is busy, it stands still. */
export async function inTime(answer: Promise<unknown>, within_ms: number): Promise<void> {
  let is_answered = false;
  const answered = answer.then(() => {
    is_answered = true;
  });
  const late = (async () => {
    for (let step = 0; step < steps && !is_answered; step++) {
      await pause(within_ms / steps, undefined, { ref: false });
      await turn();
    }
    if (!is_answered) throw new Error('no answer');
  })();
  late.catch(() => undefined);
  answered.catch(() => undefined);
  await Promise.race([answered, late]);
}
