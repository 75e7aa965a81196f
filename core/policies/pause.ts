import { z } from 'zod';

/** How a control with the action `pause` waits, whom it asks, and what happens when nobody answers. */
export const pause = z.strictObject({
  wait_seconds: z.int().min(0).max(300).default(30).meta({ description: 'How long a call waits for room' }),
  ask: z
    .array(z.string().min(1).max(128))
    .max(20)
    .default([])
    .meta({ description: 'Roles or actors who may decide; empty: everybody with the right to' }),
  timeout_seconds: z.int().min(1).max(604_800).default(3600).meta({ description: 'How long a person has to decide' }),
  on_timeout: z.enum(['block', 'continue']).default('block'),
});
export type Pause = z.infer<typeof pause>;

export const default_pause: Pause = pause.parse({});
