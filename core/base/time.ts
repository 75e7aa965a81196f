import { z } from 'zod';

/** RFC 3339 in UTC with milliseconds: the only way instants are written. */
export const instant = z.iso.datetime({ precision: 3 }).meta({ description: 'RFC 3339, UTC, milliseconds' });

let last_ms = Number.NaN;
let last_text = '';

/** The text of an instant. Calls of the same millisecond share one: a call writes about ten instants. */
export function instantText(epoch_ms: number): string {
  if (epoch_ms !== last_ms) {
    last_text = new Date(epoch_ms).toISOString();
    last_ms = epoch_ms;
  }
  return last_text;
}

export const epochMs = (text: string): number => Date.parse(text);
