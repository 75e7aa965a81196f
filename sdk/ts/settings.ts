/** How a client reaches its server. */
export interface Settings {
  /** Without a slash at its end. */
  base_url: string;
  api_key: string | null;
  /** For a whole request, with its retries. */
  timeout_ms: number;
  /** How often a request is sent again when the server says that this helps. */
  max_retries: number;
  fetch: typeof fetch;
}

export interface AOSOptions {
  /** Absent: the environment's `AOS_API_KEY`; null: none, for example where a session cookie signs in. */
  api_key?: string | null | undefined;
  /** Absent: the environment's `AOS_URL` or `AOS_BASE_URL`; in a browser the page's own origin. */
  base_url?: string | undefined;
  timeout_ms?: number | undefined;
  max_retries?: number | undefined;
  fetch?: typeof fetch | undefined;
}

const local_url = 'http://localhost:8000';

/** Throws a TypeError that names what is wrong. */
export function settingsOf(options: AOSOptions): Settings {
  const { timeout_ms = 60_000, max_retries = 2 } = options;
  if (!(timeout_ms > 0)) throw new TypeError(`timeout_ms must be above 0, not ${timeout_ms}.`);
  if (!Number.isInteger(max_retries) || max_retries < 0)
    throw new TypeError(`max_retries must be 0 or a whole number above it, not ${max_retries}.`);
  const named = options.base_url ?? fromEnvironment('AOS_URL') ?? fromEnvironment('AOS_BASE_URL') ?? pageOrigin();
  return {
    base_url: checkedUrl(named ?? local_url),
    api_key: options.api_key === undefined ? fromEnvironment('AOS_API_KEY') : options.api_key,
    timeout_ms,
    max_retries,
    fetch: options.fetch ?? ((...asked) => globalThis.fetch(...asked)),
  };
}

function checkedUrl(url: string): string {
  const { protocol = '' } = URL.canParse(url) ? new URL(url) : {};
  if (protocol === 'http:' || protocol === 'https:') return url.replace(/\/+$/, '');
  throw new TypeError(`base_url must be an address like ${local_url}, not "${url}".`);
}

/** What a program may find around it; in a page there is no process, elsewhere no location. */
const around = globalThis as {
  process?: { env?: Record<string, string | undefined> };
  location?: { origin?: string };
};

/** An empty variable counts as absent. */
const fromEnvironment = (name: string): string | null => around.process?.env?.[name]?.trim() || null;

const pageOrigin = (): string | null => around.location?.origin ?? null;
