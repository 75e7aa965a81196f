import { z } from 'zod';

/** What may happen to a call, mildest first: the strictest of all that fire applies. */
export const actions = ['continue', 'warn', 'pause', 'block', 'kill'] as const;
export type Action = (typeof actions)[number];

/** What a control may ask for when it fires. */
export const action = z.enum(['continue', 'warn', 'block', 'kill']);

export const stricter = (a: Action, b: Action): Action => (actions.indexOf(a) >= actions.indexOf(b) ? a : b);

/** A control with this action may refuse a call; the others only count and report. */
export const refuses = (of: Action): boolean => of === 'block' || of === 'kill';
