import type { Outcome } from './preview.ts';

/** How two versions differ, by calls or by runs. */
export interface Differences {
  newly_stopped: number;
  no_longer_stopped: number;
  still_stopped: number;
  unchanged: number;
}

const by_before = 1;
const by_after = 2;
const most_named = 20;

/** What a version of a policy stops that another one did not, and the other way round, over the same calls. */
export class DiffTally {
  readonly calls: Differences = none();
  readonly #runs = new Map<string, number>();

  take(run_id: string, before: Outcome, after: Outcome): void {
    if (!before.matched && !after.matched) return;
    const stopped = (before.stopped ? by_before : 0) | (after.stopped ? by_after : 0);
    this.calls[kindOf(stopped)] += 1;
    this.#runs.set(run_id, (this.#runs.get(run_id) ?? 0) | stopped);
  }

  get runs(): Differences {
    const runs = none();
    for (const stopped of this.#runs.values()) runs[kindOf(stopped)] += 1;
    return runs;
  }

  /** The first runs that only one of the two stops. */
  get run_ids(): Record<'newly_stopped' | 'no_longer_stopped', string[]> {
    const named = { newly_stopped: [] as string[], no_longer_stopped: [] as string[] };
    for (const [run_id, stopped] of this.#runs) {
      const kind = kindOf(stopped);
      if ((kind === 'newly_stopped' || kind === 'no_longer_stopped') && named[kind].length < most_named)
        named[kind].push(run_id);
    }
    return named;
  }
}

const none = (): Differences => ({ newly_stopped: 0, no_longer_stopped: 0, still_stopped: 0, unchanged: 0 });

function kindOf(stopped: number): keyof Differences {
  if (stopped === by_after) return 'newly_stopped';
  if (stopped === by_before) return 'no_longer_stopped';
  return stopped === 0 ? 'unchanged' : 'still_stopped';
}
