import { z } from 'zod';
import { delivery_failpoints, type Failpoint, failpoints, run_failpoints, throw_points } from './failpoint.ts';
import { parseReach, type Reach } from './outbound/reach.ts';
import { isOnThisMachine } from './this-machine.ts';

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
  /** The sender of e-mail; null: `aos@` the host of `public_url`. */
  mail_from: string | null;
  /** Where notifications and skills may go besides the public internet. */
  outbound_reach: Reach;
  log_level: (typeof log_levels)[number];
  /** The collector that is told what ran, by the variables of OpenTelemetry; null: none is. */
  telemetry: { url: string; headers: Record<string, string>; service_name: string } | null;
  /** The provider of identities whose accounts sign in to the console; null: none do. */
  oidc: OidcProvider | null;
  /** The 32 bytes that seal provider secrets; null: they are in the file `secret.key` of the data folder. */
  secret_key: Buffer | null;
  /** A gateway run without a call for so long has ended. */
  run_idle_seconds: number;
  /** How long a dispatched hold of a dead process waits before it is settled as estimated. */
  suspect_seconds: number;
  body_limit_bytes: number;
  /** Look-ups of keys that turn out bad, from one address in a minute; 0: any number. */
  bad_keys_per_minute: number;
  /** Connections to the database, at most. */
  max_connections: number;
  /** Deadlines of one request to a provider. */
  /** A caller who takes nothing of a stream for so long is cut off. */
  caller_idle_ms: number;
  deadlines: { connect_ms: number; first_byte_ms: number; idle_ms: number; total_ms: number };
  /** How long calls under way may go on after the process was told to stop. */
  drain_ms: number;
  /** The longest between two turns of any job, whatever the job says: for tests, which wait for them. */
  jobs_every_ms: number;
  /** Where this process ends itself, for tests of crashes; null: nowhere. */
  failpoint: Failpoint | null;
}

export interface OidcProvider {
  /** As it calls itself, with or without a slash at its end. */
  issuer: string;
  client_id: string;
  client_secret: string;
  /** Of the addresses that may sign in, in lower case; none: all. */
  email_domains: string[];
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
    mail_from: data.AOS_MAIL_FROM,
    outbound_reach: data.AOS_OUTBOUND_ALLOW,
    log_level: data.LOG_LEVEL,
    telemetry: telemetryOf(data),
    oidc: oidcOf(data),
    secret_key: data.AOS_SECRET_KEY,
    run_idle_seconds: data.AOS_RUN_IDLE_SECONDS,
    suspect_seconds: data.AOS_SUSPECT_SECONDS,
    body_limit_bytes: data.AOS_BODY_LIMIT_BYTES,
    bad_keys_per_minute: data.AOS_BAD_KEYS_PER_MINUTE,
    max_connections: data.AOS_MAX_CONNECTIONS,
    caller_idle_ms: data.AOS_CALLER_IDLE_TIMEOUT_MS,
    deadlines: {
      connect_ms: data.AOS_CONNECT_TIMEOUT_MS,
      first_byte_ms: data.AOS_FIRST_BYTE_TIMEOUT_MS,
      idle_ms: data.AOS_IDLE_TIMEOUT_MS,
      total_ms: data.AOS_TOTAL_TIMEOUT_MS,
    },
    drain_ms: data.AOS_DRAIN_MS,
    jobs_every_ms: data.AOS_JOBS_EVERY_MS,
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
const failpoint_names = [...failpoints, ...run_failpoints, ...delivery_failpoints, ...throw_points, 'throw'];

/** `name=value` with commas between them, values encoded as in URLs. */
const otlp_headers = z
  .string()
  .default('')
  .transform(parseHeaders)
  .refine((headers) => headers !== null, 'must be name=value with commas between them, values encoded as in URLs');

/** The encoding that is spoken; others would be sent to a port that does not understand it. */
const otlp_protocol = z
  .string()
  .trim()
  .default('http/protobuf')
  .refine((text) => text === 'http/protobuf', 'must be http/protobuf, the only one that is spoken here');

/** Its answers decide who somebody is: nobody on the way may change them. */
const issuer_url = url('http:', 'https:').refine(
  (text) => isOnThisMachine(text) || new URL(text).protocol === 'https:',
  'must begin with https://, except on this machine',
);

const domains = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((part) => part.trim().toLowerCase().replace(/^@/, '') || []))
  .refine((names) => names.every((name) => /^[a-z0-9.-]{1,189}$/.test(name)), {
    error: 'must be domains of e-mail addresses with commas between them',
  });

const variables = z.object({
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
  AOS_MAIL_FROM: orNull(
    z
      .string()
      .trim()
      .regex(
        /^(?:[^<>@\r\n]{1,100} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/,
        'must be an e-mail address, with or without a name',
      ),
  ),
  AOS_OUTBOUND_ALLOW: z
    .string()
    .default('')
    .transform(parseReach)
    .refine((reach) => reach !== null, 'must be host names, addresses or CIDR ranges with commas between them'),
  LOG_LEVEL: z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(log_levels, { error: `must be one of ${log_levels.join(', ')}` }))
    .default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: orNull(web_url),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: orNull(url('http:', 'https:')),
  OTEL_EXPORTER_OTLP_HEADERS: otlp_headers,
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: otlp_headers,
  OTEL_EXPORTER_OTLP_PROTOCOL: otlp_protocol,
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: otlp_protocol,
  OTEL_SERVICE_NAME: z.string().trim().max(256).default('aos'),
  AOS_OIDC_ISSUER: orNull(issuer_url),
  AOS_OIDC_CLIENT_ID: orNull(z.string().trim()),
  AOS_OIDC_CLIENT_SECRET: orNull(z.string().trim()),
  AOS_OIDC_EMAIL_DOMAINS: domains,
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
  AOS_BAD_KEYS_PER_MINUTE: whole(0, 1_000_000, 60),
  AOS_MAX_CONNECTIONS: whole(2, 1000, 16),
  AOS_CONNECT_TIMEOUT_MS: whole(1, day_ms, 10_000),
  AOS_FIRST_BYTE_TIMEOUT_MS: whole(1, day_ms, 600_000),
  AOS_IDLE_TIMEOUT_MS: whole(1, day_ms, 120_000),
  AOS_CALLER_IDLE_TIMEOUT_MS: whole(1, day_ms, 120_000),
  AOS_TOTAL_TIMEOUT_MS: whole(1, day_ms, 1_800_000),
  AOS_DRAIN_MS: whole(0, day_ms, 30_000),
  AOS_JOBS_EVERY_MS: whole(10, day_ms, day_ms),
  AOS_FAILPOINT: orNull(
    z
      .string()
      .trim()
      .regex(
        new RegExp(`^(${failpoint_names.join('|')})(:[1-9]\\d{0,5})?$`),
        `must be one of ${failpoint_names.join(', ')}`,
      )
      .transform((text): Failpoint => {
        const [name, pass] = text.split(':');
        return { name: name as Failpoint['name'], on_pass: Number(pass ?? 1) };
      }),
  ),
});

const of_oidc = ['AOS_OIDC_ISSUER', 'AOS_OIDC_CLIENT_ID', 'AOS_OIDC_CLIENT_SECRET'] as const;

const environment = variables.superRefine((data, { addIssue }) => {
  const missing = of_oidc.filter((name) => data[name] === null);
  if (missing.length === of_oidc.length) return;
  for (const name of missing)
    addIssue({ code: 'custom', path: [name], message: `must be set too: sign-in takes ${of_oidc.join(', ')}` });
});

function parseHeaders(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const [, name, coded] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(.*)$/.exec(part) ?? [];
    if (name === undefined || coded === undefined) return null;
    try {
      const value = decodeURIComponent(coded);
      if (!/^[\t\x20-\x7e]*$/.test(value)) return null;
      headers[name.toLowerCase()] = value;
    } catch {
      return null;
    }
  }
  return headers;
}

/** What is said of traces goes before what is said of everything; only a whole endpoint is extended by its path. */
function telemetryOf(data: z.infer<typeof environment>): Config['telemetry'] {
  const base = data.OTEL_EXPORTER_OTLP_ENDPOINT;
  const endpoint = data.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (base && `${base}/v1/traces`);
  if (endpoint === null) return null;
  const headers = { ...data.OTEL_EXPORTER_OTLP_HEADERS, ...data.OTEL_EXPORTER_OTLP_TRACES_HEADERS };
  return { url: endpoint, headers, service_name: data.OTEL_SERVICE_NAME };
}

function oidcOf(data: z.infer<typeof environment>): Config['oidc'] {
  const { AOS_OIDC_ISSUER: issuer, AOS_OIDC_CLIENT_ID: client_id, AOS_OIDC_CLIENT_SECRET: client_secret } = data;
  return issuer && client_id && client_secret
    ? { issuer, client_id, client_secret, email_domains: data.AOS_OIDC_EMAIL_DOMAINS }
    : null;
}

/** Listening on every address is reached by this machine's own name. */
function localUrl(host: string, port: number): string {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
