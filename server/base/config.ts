import { z } from 'zod';
import { type Failpoint, type FailpointName, failpoints } from './failpoint.ts';

/** What the environment says, parsed once: `readConfig` is the only reader of it. */
export interface Config {
  port: number;
  host: string;
  /** Folder of the embedded database and of generated keys. */
  data_dir: string;
  /** Null: the embedded database. */
  database_url: string | null;
  /** The first key of the installation; null: one is generated. */
  admin_key: string | null;
  roles: readonly ProcessRole[];
  /** Providers made at first boot. */
  openai: ProviderOrigin;
  anthropic: ProviderOrigin;
  /** Where people reach the console, without a slash at its end: how links in answers begin. */
  public_url: string;
  smtp_url: string | null;
  log_level: (typeof log_levels)[number];
  /** The 32 bytes that seal provider secrets; null: they are in the file `secret.key` of the data folder. */
  secret_key: Buffer | null;
  /** A gateway run without a call for so long has ended. */
  run_idle_seconds: number;
  /** How long a dispatched hold of a dead process waits before it is settled as estimated. */
  suspect_seconds: number;
  body_limit_bytes: number;
  /** Connections to the database, at most. */
  max_connections: number;
  /** Deadlines of one request to a provider. */
  deadlines: { connect_ms: number; first_byte_ms: number; idle_ms: number; total_ms: number };
  /** Where this process ends itself, for tests of crashes; null: nowhere. */
  failpoint: Failpoint | null;
}

interface ProviderOrigin {
  api_key: string | null;
  base_url: string | null;
}

export const process_roles = ['api', 'gateway', 'worker'] as const;
export type ProcessRole = (typeof process_roles)[number];
const log_levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** The environment cannot be used: the message names every wrong variable and what it must be. */
export class WrongConfiguration extends Error {
  override name = 'WrongConfiguration';
}

/** @throws WrongConfiguration */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  // An empty variable counts as absent, as compose files and CI write unset ones.
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const { success, data, error } = environment.safeParse(present);
  if (!success) {
    const lines = error.issues.map(({ path, message }) => `  ${path.join('.')} ${message}`);
    throw new WrongConfiguration(`The configuration cannot be used:\n${lines.join('\n')}`);
  }
  return {
    port: data.PORT,
    host: data.HOST,
    data_dir: data.AOS_DATA_DIR,
    database_url: data.DATABASE_URL,
    admin_key: data.AOS_ADMIN_KEY,
    roles: data.AOS_ROLES,
    openai: { api_key: data.OPENAI_API_KEY, base_url: data.OPENAI_BASE_URL },
    anthropic: { api_key: data.ANTHROPIC_API_KEY, base_url: data.ANTHROPIC_BASE_URL },
    public_url: data.AOS_PUBLIC_URL ?? localUrl(data.HOST, data.PORT),
    smtp_url: data.SMTP_URL,
    log_level: data.LOG_LEVEL,
    secret_key: data.AOS_SECRET_KEY,
    run_idle_seconds: data.AOS_RUN_IDLE_SECONDS,
    suspect_seconds: data.AOS_SUSPECT_SECONDS,
    body_limit_bytes: data.AOS_BODY_LIMIT_BYTES,
    max_connections: data.AOS_MAX_CONNECTIONS,
    deadlines: {
      connect_ms: data.AOS_CONNECT_TIMEOUT_MS,
      first_byte_ms: data.AOS_FIRST_BYTE_TIMEOUT_MS,
      idle_ms: data.AOS_IDLE_TIMEOUT_MS,
      total_ms: data.AOS_TOTAL_TIMEOUT_MS,
    },
    failpoint: data.AOS_FAILPOINT,
  };
}

/** Messages never repeat the value: it may be a secret, or a URL with one. */
const whole = (least: number, most: number, otherwise: number) =>
  z
    .string()
    .trim()
    .refine((text) => /^\d{1,12}$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: `must be a whole number from ${least} to ${most}`,
    })
    .transform(Number)
    .default(otherwise);

const url = (...protocols: string[]) =>
  z
    .string()
    .trim()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
      error: `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    });

const web_url = url('http:', 'https:').transform((text) => text.replace(/\/+$/, ''));
const orNull = <T extends z.ZodType>(schema: T) => schema.optional().transform((value) => value ?? null);
const day_ms = 86_400_000;

const environment = z.object({
  PORT: whole(0, 65_535, 8000),
  HOST: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be a host name or an address')
    .default('127.0.0.1'),
  AOS_DATA_DIR: z.string().trim().default('.aos'),
  DATABASE_URL: orNull(url('postgres:', 'postgresql:')),
  AOS_ADMIN_KEY: orNull(
    z
      .string()
      .trim()
      .regex(/^[\x21-\x7e]{24,256}$/, 'must have 24 to 256 visible ASCII characters'),
  ),
  AOS_ROLES: z
    .string()
    .default('all')
    .transform((text) => (text.trim() === 'all' ? [...process_roles] : text.split(',').map((role) => role.trim())))
    .refine((names): names is ProcessRole[] => names.every((name) => process_roles.includes(name as ProcessRole)), {
      error: `must be "all", or some of ${process_roles.join(', ')} with commas between them`,
    }),
  OPENAI_API_KEY: orNull(z.string().trim()),
  OPENAI_BASE_URL: orNull(web_url),
  ANTHROPIC_API_KEY: orNull(z.string().trim()),
  ANTHROPIC_BASE_URL: orNull(web_url),
  AOS_PUBLIC_URL: web_url.optional(),
  SMTP_URL: orNull(url('smtp:', 'smtps:')),
  LOG_LEVEL: z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(log_levels, { error: `must be one of ${log_levels.join(', ')}` }))
    .default('info'),
  AOS_SECRET_KEY: orNull(
    z
      .string()
      .trim()
      .refine((text) => /^[A-Za-z0-9+/]{43}=?$/.test(text), {
        error: 'must be 32 bytes in base64: make them with "openssl rand -base64 32"',
      })
      .transform((text) => Buffer.from(text, 'base64')),
  ),
  AOS_RUN_IDLE_SECONDS: whole(1, 86_400, 600),
  AOS_SUSPECT_SECONDS: whole(0, 86_400, 60),
  AOS_BODY_LIMIT_BYTES: whole(1024, 1_073_741_824, 16_777_216),
  AOS_MAX_CONNECTIONS: whole(2, 1000, 16),
  AOS_CONNECT_TIMEOUT_MS: whole(1, day_ms, 10_000),
  AOS_FIRST_BYTE_TIMEOUT_MS: whole(1, day_ms, 600_000),
  AOS_IDLE_TIMEOUT_MS: whole(1, day_ms, 120_000),
  AOS_TOTAL_TIMEOUT_MS: whole(1, day_ms, 1_800_000),
  AOS_FAILPOINT: orNull(
    z
      .string()
      .trim()
      .regex(new RegExp(`^(${failpoints.join('|')})(:[1-9]\\d{0,5})?$`), `must be one of ${failpoints.join(', ')}`)
      .transform((text): Failpoint => {
        const [name, pass] = text.split(':');
        return { name: name as FailpointName, on_pass: Number(pass ?? 1) };
      }),
  ),
});

/** Listening on every address is reached by this machine's own name. */
function localUrl(host: string, port: number): string {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
