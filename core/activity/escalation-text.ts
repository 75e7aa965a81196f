/** More than so many times within so many hours. */
export type Escalation = { more_than: number; hours: number };

export const most_times = 100_000;
export const most_hours = 24;

/** As people write it: `>50/1h`. */
export const escalationText = ({ more_than, hours }: Escalation): string => `>${more_than}/${hours}h`;

const isWithin = (number: number, most: number) => number >= 1 && number <= most;

/** What was written so; null: it is nothing of the kind. */
export function escalationOf(text: string): Escalation | null {
  const [, times, in_hours] = /^\s*>?\s*(\d+)\s*\/\s*(\d+)\s*h\s*$/.exec(text) ?? [];
  const [more_than, hours] = [Number(times), Number(in_hours)];
  return isWithin(more_than, most_times) && isWithin(hours, most_hours) ? { more_than, hours } : null;
}
