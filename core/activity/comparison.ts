/** `>0.5`, `<=2m`: on which side of an amount something lies. */
export interface Comparison {
  sign: Sign;
  /** Digits, with or without a point. */
  amount: string;
}

const signs = ['>', '>=', '<', '<='] as const;
export type Sign = (typeof signs)[number];

/** What has no amount that could be compared: the cost of a call whose model has no price. */
export const unknown_amount = 'unknown';

const shape = /^([<>]=?)\$?(\d{1,11}(?:\.\d{1,9})?)(ms|s|m|h|d)?$/;
const unit_ms = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function read(text: string): (Comparison & { unit: keyof typeof unit_ms | undefined }) | null {
  const [, sign, amount = '', unit] = shape.exec(text) ?? [];
  const found = signs.find((one) => one === sign);
  return found === undefined ? null : { sign: found, amount, unit: unit as keyof typeof unit_ms | undefined };
}

/** `>0.5`, with or without `$`, in USD; null: it is no such comparison. */
export function costCompared(text: string): Comparison | null {
  const found = read(text);
  return found === null || found.unit !== undefined ? null : { sign: found.sign, amount: found.amount };
}

/** `>30s`, in milliseconds; without a unit it is seconds. Null: it is no such comparison. */
export function spanCompared(text: string): Comparison | null {
  const found = text.includes('$') ? null : read(text);
  if (found === null) return null;
  return { sign: found.sign, amount: String(Number(found.amount) * unit_ms[found.unit ?? 's']) };
}
