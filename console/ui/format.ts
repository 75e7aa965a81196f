/** Numbers, money and durations as people read them. Pure: the same input gives the same text everywhere. */

const grouped = new Intl.NumberFormat('en-US');
const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const nano_places = 9;

/** Exact decimal text (`"1234.500000000"`) → `$1,234.50`. Null: the price is not known, which is never $0. */
export function moneyText(usd: string | number | null | undefined, compact = false): string {
  if (usd === null || usd === undefined) return 'price unknown';
  const text = typeof usd === 'number' ? usd.toFixed(nano_places) : usd;
  const negative = text.startsWith('-');
  const [whole = '0', part = ''] = (negative ? text.slice(1) : text).split('.');
  const digits = part.padEnd(nano_places, '0').slice(0, nano_places);
  return (negative ? '−' : '') + sizeText(whole.replace(/^0+(?=\d)/, ''), digits, compact);
}

function sizeText(whole: string, digits: string, compact: boolean): string {
  if (whole !== '0') {
    const value = Number(`${whole}.${digits}`);
    if (compact && value >= 10_000) return `$${countText(value, true)}`;
    return `$${cents.format(value)}`;
  }
  if (/^0+$/.test(digits)) return '$0.00';
  const value = Number(`0.${digits}`);
  if (value < 0.000_001) return '<$0.000001';
  if (value >= 0.9995) return '$1.00';
  if (value >= 0.01) return /^\d\d0+$/.test(digits) ? `$${value.toFixed(2)}` : `$${value.toFixed(3)}`;
  const places = Math.min(6, 1 - Math.floor(Math.log10(Number(value.toPrecision(2)))));
  return `$${value.toFixed(places)}`;
}

/** Exact decimal text without the zeros that say nothing: `2.500000000` → `2.50`, `0.010802500` → `0.0108025`. */
export const exactMoney = (usd: string): string => usd.replace(/(\.\d\d\d*?)0*$/, '$1');

const written_money = /(\$\d+\.\d+|\b\d+\.\d{9})\b(?: usd\b)?/;

/** A sentence cut at its money, which the API writes exactly: `2.500000000 usd`, `$1200.0003`. */
export function amountsIn(text: string): (string | { usd: string })[] {
  const parts = text.replaceAll(' usd_per_minute', ' a minute').split(written_money);
  return parts.map((part, at) => (at % 2 === 0 ? part : { usd: part.replace('$', '') }));
}

/** A sentence cut at its instants, which the API writes as `2026-11-22T12:03:11.120Z`. */
export const instantsIn = (text: string): (string | { at: string })[] =>
  text.split(/\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/).map((part, at) => (at % 2 === 0 ? part : { at: part }));

/** Exact up to 9,999, then `12.4k`. */
export function countText(value: number, from_thousand = false): string {
  const size = Math.abs(value);
  if (size < (from_thousand ? 1_000 : 10_000)) return grouped.format(value);
  if (size < 999_950) return `${trimmed(value / 1_000)}k`;
  if (size < 999_950_000) return `${trimmed(value / 1_000_000)}M`;
  return `${trimmed(value / 1_000_000_000)}G`;
}

export const exactText = (value: number): string => grouped.format(value);

/** `842`, `12.3k`, `1.2M`. */
export const tokensText = (tokens: number): string => countText(tokens, true);

/** With one place, also where that is 0: only what is whole stands without. */
const trimmed = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));

/** Share of a whole as whole percent; above the whole it goes on. */
export function percentText(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 1) return '<1 %';
  if (percent > 99 && percent < 100) return '99 %';
  return `${Math.round(percent)} %`;
}

/** `842 ms`, `3.4 s`, `2 m 05 s`, `1 h 12 m`, `3 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600), Math.floor(seconds / 86_400)];
  if (minutes < 60) return `${minutes} m ${two(seconds % 60)} s`;
  if (hours < 24) return `${hours} h ${two(minutes % 60)} m`;
  return `${days} d ${hours % 24} h`;
}

const two = (value: number): string => String(value).padStart(2, '0');

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `4 min ago` within a day, else `Nov 21, 14:03`; always in UTC, as everywhere in the console. */
export function relativeText(at_ms: number, now_ms: number): string {
  const ago_s = Math.round((now_ms - at_ms) / 1_000);
  const size = Math.abs(ago_s);
  if (size >= 86_400) return dayText(at_ms);
  if (size < 5) return 'now';
  // What has passed is whole; what is to come is the nearest, as four hours from now are not three a second later.
  const whole = ago_s >= 0 ? Math.floor : Math.round;
  const [amount, unit] =
    size < 60 ? [size, 's'] : whole(size / 60) < 60 ? [whole(size / 60), 'min'] : [whole(size / 3_600), 'h'];
  return ago_s >= 0 ? `${amount} ${unit} ago` : `in ${amount} ${unit}`;
}

/** `Nov 21, 14:03`, in UTC. */
export function dayText(at_ms: number): string {
  const at = new Date(at_ms);
  const date = `${months[at.getUTCMonth()]} ${at.getUTCDate()}`;
  return `${date}, ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

/** `2026-11-22 12:03:11.120 UTC`: logs, ledger, exports. */
export const instantText = (at_ms: number): string =>
  `${new Date(at_ms).toISOString().replace('T', ' ').replace('Z', '')} UTC`;

/** `2026-11-22 12:03 UTC`, of an instant as the API writes it: when windows end, where seconds say nothing. */
export const minuteText = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;

export const clockText = (at_ms: number): string => new Date(at_ms).toISOString().slice(11, 19);

/** `run_01jd8…4k9m`: enough to tell two apart; the whole is copied. */
export function shortId(id: string): string {
  const [prefix, suffix = ''] = [id.slice(0, id.indexOf('_') + 1), id.slice(id.indexOf('_') + 1)];
  return suffix.length <= 12 ? id : `${prefix}${suffix.slice(0, 4)}…${suffix.slice(-6)}`;
}

/** `…4k9m2p`: where what stands around it says what it is the id of. */
export const idEnd = (id: string): string => `…${id.slice(-6)}`;

/** An amount of a limit in its unit, money as money. */
export function amountText(value: string | number | null, unit: string | null): string {
  if (value === null) return '–';
  if (unit === 'usd' || unit?.startsWith('usd')) return moneyText(value);
  const number = Number(value);
  return Number.isFinite(number) ? countText(number) : String(value);
}

/** The value of a filter as people call it: what no policy had a part in has no id of one. */
export const valueText = (value: string): string => (value === 'SYSTEM_DEFAULT' ? 'no policy' : value);
