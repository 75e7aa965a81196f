import { z } from 'zod';

/** What may happen to a call, mildest first: the strictest of all that fire applies. */
export const actions = ['continue', 'warn', 'pause', 'block', 'kill'] as const;
export type Action = (typeof actions)[number];

/** What a control may ask for when it fires. */
export const action = z.enum(actions);

/** The place of an action in the one order: kill > block > pause > warn > continue. */
export const strictnessOf = (of: Action): number => actions.indexOf(of);

export const stricter = (a: Action, b: Action): Action => (strictnessOf(a) >= strictnessOf(b) ? a : b);

/** A control with this action may refuse a call, at once or after a wait; the others only count and report. */
export const refuses = (of: Action): boolean => of === 'pause' || of === 'block' || of === 'kill';
