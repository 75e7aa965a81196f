import type { Command } from 'commander';
import { left_out, rowLimit, several } from '../frame/listing.ts';

interface LogFilter {
  option: string;
  /** What the API calls it. */
  of: string;
  does: string;
  takes_one?: boolean;
}

const filter = (option: string, does: string, of = option): LogFilter => ({ option, of, does });
const one = (option: string, does: string, of = option): LogFilter => ({ option, of, does, takes_one: true });

const time = [one('from', 'at or after it: 2026-01-31, 2026-01-31T12:00:00Z'), one('to', 'before it')];

/** What each log is narrowed by. */
export const log_filters = {
  audit: [
    one('search', 'in the reason or the name of the event', 'q'),
    filter('event', `POLICY_ACTIVATED, or how it begins: POLICY_*; ${left_out}`),
    filter('object', `id of what was changed; ${left_out}`),
    filter('policy', `about this policy; ${left_out}`),
    filter('run', `about this run; ${left_out}`),
    filter('actor', `id of who did it; ${left_out}`),
    filter('actor-type', 'human, service, system', 'actor_type'),
    filter('agent', `about this agent; ${left_out}`),
    filter('key', `with this API key; ${left_out}`, 'api_key'),
    ...time,
  ],
  llm_runs: [
    one('hash', 'how the hash of the prompt or of the answer begins'),
    filter('run', `of this run; ${left_out}`),
    filter('agent', `of this agent; ${left_out}`),
    filter('actor', `of this human or service; ${left_out}`),
    filter('key', `by this API key; ${left_out}`, 'api_key'),
    filter('session', `of this session; ${left_out}`),
    filter('model', `of this model; ${left_out}`),
    filter('provider', `at this provider; ${left_out}`),
    filter('status', 'succeeded, failed, cancelled, cut'),
    filter('source', 'gateway, managed, reported'),
    ...time,
  ],
  system: [
    one('search', 'in the summary', 'q'),
    filter('severity', 'INFO, WARN, CRITICAL'),
    filter('component', 'API, GATEWAY, WORKER, SCHEDULER, DB, AUTH, MIGRATION'),
    filter('event', 'STARTUP, SHUTDOWN, ERROR, …'),
    one('include', 'installation: also the records of the installation, for its owners'),
    ...time,
  ],
} as const satisfies Record<string, readonly LogFilter[]>;

export type Log = keyof typeof log_filters;

export type LogOptions = Record<string, unknown> & {
  from?: string;
  to?: string;
  synthetic?: boolean;
  limit: number;
};

/** Gives a command the options of a log. */
export function narrowedBy(command: Command, log: Log): Command {
  for (const { option, does, takes_one } of log_filters[log] as readonly LogFilter[]) {
    if (takes_one) command.option(`--${option} <${option}>`, does);
    else command.option(`--${option} <${option}>`, does, several);
  }
  return command.option('--limit <rows>', 'maximum rows', rowLimit, 30);
}

/** What the options ask of the API. */
export const queryOf = (log: Log, options: LogOptions): Record<string, unknown> => ({
  limit: options.limit,
  ...Object.fromEntries(log_filters[log].map(({ option, of }) => [of, options[camelCase(option)]])),
});

const camelCase = (option: string): string => option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
