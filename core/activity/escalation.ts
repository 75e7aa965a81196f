import { z } from 'zod';
import { most_hours, most_times } from './escalation-text.ts';

/** What ends the quiet about something before its time: more of it than a person took into account. */
export const escalation = z
  .strictObject({
    more_than: z.int().min(1).max(most_times).meta({ description: 'So many times are still quiet' }),
    hours: z.int().min(1).max(most_hours).meta({ description: 'Within so many hours, since a person asked for quiet' }),
  })
  .meta({ id: 'Escalation', description: 'It is open again before its time when it happens more often than this' });
