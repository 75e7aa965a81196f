import { type DestinationStream, pino } from 'pino';

/** One JSON object per line. Fields first, then a sentence: `log.warn({ run_id }, 'the run could not be ended')`. */
export interface Log {
  debug(fields: Fields, message: string): void;
  info(fields: Fields, message: string): void;
  warn(fields: Fields, message: string): void;
  error(fields: Fields, message: string): void;
  fatal(fields: Fields, message: string): void;
  /** The same log with fields that every line of it has. */
  child(fields: Fields): Log;
}

/** An `Error` may stand anywhere; its message, stack and code are written. */
export type Fields = Record<string, unknown>;

/** Writes to standard output; what people read at start (the banner) goes to standard error. */
export function openLog(level: string, destination: DestinationStream = pino.destination({ fd: 1, sync: true })): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return wrap(logger);
}

function wrap(logger: pino.Logger, always: Fields = {}): Log {
  const write = (level: 'debug' | 'info' | 'warn' | 'error' | 'fatal') => (fields: Fields, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](cleanFields({ ...always, ...fields }, 0), clean(message));
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: (fields) => wrap(logger, { ...always, ...fields }),
  };
}

const secret_names =
  /^(?:proxy_)?authorization$|^x_(?:api|aos)_key$|cookie|secret|password|passphrase|api_?key$|admin_key|envelope/;
/** Ids and hints of keys are no secrets. */
const isSecret = (name: string): boolean => secret_names.test(name.toLowerCase().replaceAll('-', '_'));

const longest_text = 2_000;
const longest_stack = 8_000;
const most_members = 50;
const deepest = 6;

function cleanFields(fields: object, depth: number): Fields {
  const result: Fields = Object.create(null);
  for (const [name, value] of Object.entries(fields).slice(0, most_members)) {
    result[clean(name, 100)] = isSecret(name) ? '[redacted]' : cleanValue(value, depth);
  }
  return result;
}

function cleanValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (depth >= deepest) return '[deeper]';
  if (value instanceof Error) return cleanError(value, depth);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, most_members).map((item) => cleanValue(item, depth + 1));
  return cleanFields(value, depth + 1);
}

function cleanError(error: Error, depth: number): Fields {
  const { name, message, stack, cause } = error;
  const code = 'code' in error && typeof error.code === 'string' ? { code: clean(error.code, 100) } : {};
  return {
    name: clean(name, 100),
    message: clean(message),
    ...code,
    ...(stack !== undefined && { stack: clean(stack, longest_stack) }),
    ...(cause !== undefined && { cause: cleanValue(cause, depth + 1) }),
  };
}

/** What may hide or forge text on a screen: controls but for line feed and tab, and marks without width or that turn it. */
const unprintable = /(?![\n\t])[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Credentials inside text: our keys, those of providers, bearer tokens, passwords in URLs. */
const credentials: readonly [RegExp, string][] = [
  [/\b(aos_[a-z0-9]{1,16}_)[A-Za-z0-9]{16,}/g, '$1[redacted]'],
  [/\b(sk-)[A-Za-z0-9_-]{16,}/g, '$1[redacted]'],
  [/\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, '$1[redacted]'],
  [/(\/\/[^\s/:@]{0,200}:)[^\s/@]{1,500}@/g, '$1[redacted]@'],
];

/** Text as it may stand in a log: without credentials and marks that hide or forge, and not endless. */
function clean(text: string, longest = longest_text): string {
  // Some more than fits, so that a credential at the edge is recognised before it is cut.
  let result = text.slice(0, longest + 1_000);
  for (const [pattern, instead] of credentials) result = result.replace(pattern, instead);
  result = result.replace(unprintable, '');
  return text.length > longest ? `${result.slice(0, longest)}… (${text.length} characters)` : result;
}
