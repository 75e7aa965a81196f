import { z } from 'zod';

/** What a control does when it fires, mildest first: the strictest of all that fire applies. */
export const actions = ['continue', 'warn', 'block'] as const;
export const action = z.enum(actions);
export type Action = z.infer<typeof action>;

export const stricter = (a: Action, b: Action): Action => (actions.indexOf(a) >= actions.indexOf(b) ? a : b);

/** A control with this action may refuse a call; the others only count and report. */
export const refuses = (of: Action): boolean => of === 'block';
