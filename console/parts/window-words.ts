interface Windowed {
  window?: { per?: string; timezone?: string; rolling_seconds?: number };
}

/** Over which time a limit counts: `per day, Europe/Paris`, `any 60 s`, `at one time`. */
export function windowWords(limit: unknown): string {
  const { window } = limit as Windowed;
  if (window === undefined) return 'at one time';
  if (window.rolling_seconds !== undefined) return `any ${window.rolling_seconds} s`;
  const zone = window.timezone === undefined ? '' : `, ${window.timezone}`;
  return `per ${window.per}${zone}`;
}

/** The same behind an amount: `/run`, `/day`, `/60 s`; nothing of what has no window. */
export function perText(limit: unknown): string {
  const { window } = limit as Windowed;
  if (window === undefined) return '';
  return `/${window.per ?? `${window.rolling_seconds} s`}`;
}
