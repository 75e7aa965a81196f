import type { Observed } from '@aos/core/activity/signal-look.ts';
import type { Tx } from '../../base/database.ts';
import type { TenantControl } from '../../govern/control.ts';

/** What a source of signals looks with. */
export interface Look {
  tx: Tx;
  control: TenantControl;
  at_ms: number;
  /** Signals of one type that a look takes in. */
  most: number;
}

export interface Found {
  observed: Observed[];
  /** Whether that is all there is: else nobody knows what has passed. */
  is_all: boolean;
}

/** Finds the subjects for which the condition of one type of signal holds, in time that does not grow with history. */
export type Source = (look: Look) => Promise<Found>;

/** What was read with a limit of `most` rows, and what was made of it. */
export const foundIn = (rows: readonly unknown[], most: number, observed: Observed[]): Found => ({
  observed,
  is_all: rows.length < most,
});
