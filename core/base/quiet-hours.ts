import { DateTime } from 'luxon';
import { z } from 'zod';
import { timezone } from './window.ts';

const time_of_day = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day from 00:00 to 23:59, for example "22:00"');

/** A part of every day, by the clock of a zone; it may go over midnight. `to` is its first minute that is not quiet. */
export const quiet_hours = z
  .strictObject({ from: time_of_day, to: time_of_day, timezone: timezone.default('UTC') })
  .refine(({ from, to }) => from !== to, {
    path: ['to'],
    message: 'must differ from "from": a whole day would never end',
  });
export type QuietHours = z.infer<typeof quiet_hours>;

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** When the quiet hours end that this instant falls into, in milliseconds since 1970; null: it falls into none. */
export function quietUntil({ from, to, timezone: zone }: QuietHours, at_ms: number): number | null {
  const local = DateTime.fromMillis(at_ms, { zone });
  const minute = local.hour * 60 + local.minute;
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  const is_quiet = begin < end ? minute >= begin && minute < end : minute >= begin || minute < end;
  if (!is_quiet) return null;
  const day = minute < end ? local : local.plus({ days: 1 });
  const ends_ms = day.set({ hour: Math.floor(end / 60), minute: end % 60, second: 0, millisecond: 0 }).toMillis();
  // Clocks that are set back repeat an hour: its end lies an hour later then.
  return ends_ms > at_ms ? ends_ms : ends_ms + 3_600_000;
}
