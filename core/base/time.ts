import { z } from 'zod';

/** RFC 3339 in UTC with milliseconds: the only way instants are written. */
export const instant = z.iso.datetime({ precision: 3 }).meta({ description: 'RFC 3339, UTC, milliseconds' });

export const instantText = (epoch_ms: number): string => new Date(epoch_ms).toISOString();

export const epochMs = (text: string): number => Date.parse(text);
