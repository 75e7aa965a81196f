import { z } from 'zod';

/** RFC 3339 in UTC with milliseconds: the only way instants are written. */
export const instant = z.iso.datetime({ precision: 3 }).meta({ description: 'RFC 3339, UTC, milliseconds' });

/** Texts of the latest instants, each at a place of its own: of a prime number, so that whole days share none. */
const places = 61;
const known_ms = new Float64Array(places).fill(Number.NaN);
const known_text = new Array<string>(places).fill('');

/** The text of an instant. A call writes about ten: its own, and the starts and ends of the windows it counts in. */
export function instantText(epoch_ms: number): string {
  const place = Math.trunc(Math.abs(epoch_ms)) % places;
  if (known_ms[place] !== epoch_ms) {
    known_text[place] = new Date(epoch_ms).toISOString();
    known_ms[place] = epoch_ms;
  }
  return known_text[place] ?? '';
}

export const epochMs = (text: string): number => Date.parse(text);
