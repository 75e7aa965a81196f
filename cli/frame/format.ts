import { stripVTControlCharacters } from 'node:util';

/** Text that others wrote, without what a terminal would obey: escape sequences and control characters. */
export const plain = (text: string): string =>
  stripVTControlCharacters(text).replace(/(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, '');

/** On one line, for a table. */
export const oneLine = (text: string): string => plain(text).replace(/\s+/g, ' ').trim();

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',');

/**
 * USD from its exact decimal: `$1,234.50`, `$0.412`, `$0.0042`, `<$0.000001`; never `$0.00` for what is not zero, and
 * `price unknown` for null.
 */
export function money(usd: string | number | null): string {
  if (usd === null) return 'price unknown';
  const value = Number(usd);
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  if (size === 0) return '$0';
  if (size < 0.000001) return `${sign}<$0.000001`;
  if (size < 0.01) return `${sign}$${trimmed(size.toFixed(Math.min(6, 1 - Math.floor(Math.log10(size)))))}`;
  if (size < 0.9995) return `${sign}$${trimmed(size.toFixed(3), 2)}`;
  const [whole = '', cents = ''] = size.toFixed(2).split('.');
  return `${sign}$${grouped(whole)}.${cents}`;
}

/** A sentence of the API with its money, which is exact there (`2.500000000 usd`, `$1200.0003`), as people read it. */
export const said = (text: string): string =>
  text.replaceAll(/(\$\d+\.\d+|\b\d+\.\d{9})\b(?: usd\b)?/g, (_, usd: string) => money(usd.replace('$', '')));

/** Without zeros at the end, but with so many decimals at least. */
function trimmed(text: string, at_least = 1): string {
  const [whole = '', decimals = ''] = text.split('.');
  const kept = decimals.replace(/0+$/, '').padEnd(at_least, '0');
  return `${whole}.${kept}`;
}

/** `842`, `12.3k`, `1.2M`. */
export function amount(value: number | string | null): string {
  if (value === null) return '–';
  const n = Number(value);
  if (Math.abs(n) >= 1e6) return `${trimTenth(n / 1e6)}M`;
  if (Math.abs(n) >= 1e4) return `${trimTenth(n / 1e3)}k`;
  return Number.isInteger(n) ? grouped(String(n)) : String(Number(n.toFixed(3)));
}

const trimTenth = (n: number): string => n.toFixed(1).replace(/\.0$/, '');

/** An amount in the unit of a limit. */
export const quantity = (value: number | string | null, unit: string): string =>
  value === null ? '–' : unit.startsWith('usd') ? money(value) : amount(value);

/** `<1 %`, `42 %`, `104 %`. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '–';
  const share = (part / whole) * 100;
  return share > 0 && share < 1 ? '<1 %' : `${Math.floor(share + 1e-9)} %`;
}

/** `842 ms`, `3.4 s`, `2 m 05 s`, `1 h 12 m`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} m ${String(s % 60).padStart(2, '0')} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} m`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** How long ago within a day, else the UTC minute: for lists that people scan. */
export function ago(instant: string | null, now_ms: number): string {
  if (instant === null) return '–';
  const ms = now_ms - Date.parse(instant);
  if (ms >= 86_400_000 || ms < -60_000) return `${instant.slice(0, 10)} ${instant.slice(11, 16)}`;
  if (ms < 5_000) return 'just now';
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s ago`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ago`;
  return `${Math.floor(ms / 3_600_000)} h ago`;
}

/** Always absolute, always with its zone: for logs and ledgers. */
export const instant = (text: string | null): string =>
  text === null ? '–' : text.replace('T', ' ').replace('Z', ' UTC');

/** The first of what binds something, and how much more does. */
export function boundText({ total, first }: { total: number; first: readonly { name: string }[] }): string {
  const [one] = first;
  if (!one) return '–';
  return total > 1 ? `${oneLine(one.name)} +${total - 1}` : oneLine(one.name);
}
