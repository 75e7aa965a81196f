import { AOSError } from '@aos/sdk/errors.ts';
import { CommandError, type ExitName, exit_codes } from './exit-codes.ts';
import { plain } from './format.ts';
import type { Style } from './style.ts';

/** What went wrong, as a person reads it and as a script branches on it. */
export function asCommandError(error: unknown, what: string): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof AOSError)
    return new CommandError(exitOf(error), what, error.message, todoFor(error), error.request_id);
  const said = error instanceof Error ? error.message : String(error);
  return new CommandError('failed', what, said);
}

function exitOf({ status, code, type }: AOSError): ExitName {
  if (code === 'timeout' || code === 'run_timeout') return 'timeout';
  if (status === null || status === 503 || code === 'unreachable') return 'unreachable';
  if (type === 'policy_violation' || type === 'policy_hold') return 'blocked';
  if (status === 401 || status === 403) return 'not_permitted';
  if (status === 409) return 'conflict';
  return status === 400 || status === 404 ? 'usage' : 'failed';
}

function todoFor({ status, code, details, message }: AOSError): string | null {
  if (typeof details.decision_id === 'string') return `npx aos policy explain --decision ${details.decision_id}`;
  if (code === 'unreachable') return 'start the server:  npm start     or say where it is:  --url, AOS_URL';
  if (status === 401) return 'give a key:  --api-key, AOS_API_KEY     or see which one is used:  npx aos whoami';
  if (code === 'two_person_rule')
    return 'hand it to somebody else who may activate policies; meanwhile it may watch:  npx aos policy activate <policy> --mode shadow';
  if (status === 403) return 'ask somebody whose role permits it:  npx aos keys list     your own:  npx aos whoami';
  if (code === 'timeout' || code === 'run_timeout')
    return 'wait longer:  --timeout 300     or see how it is:  npx aos doctor';
  if (status === 503) return 'see what is unwell:  npx aos doctor';
  if (status === 404) return `see what is there:  npx aos ${nounIn(message)} list`;
  if (status === 409) return 'look at it as it is now, then decide again:  npx aos open <id>';
  if (status === 502 || status === 504) return 'see where models come from:  npx aos providers list';
  return status === 400 ? 'see what it takes:  add --help' : null;
}

/** Commands for the collections whose names differ from theirs. */
const nouns: Record<string, string> = { policies: 'policy', 'api-keys': 'keys' };

/** Messages of the server name the list of what is there: `GET /api/v1/runs lists those that are there.` */
function nounIn(message: string): string {
  const [, collection = 'runs'] = /GET \/api\/v1\/([a-z-]+)/.exec(message) ?? [];
  return nouns[collection] ?? collection;
}

/** `✗ what`, then why, then what to do; with the request id at the end. */
export function describeFailure({ message, why, todo, request_id }: CommandError, style: Style): string {
  const id = request_id === null ? '' : `   [${request_id}]`;
  const lines = [
    `${style.red(style.mark.cross)} ${message}`,
    ...plain(why)
      .split('\n')
      .map((line) => `  ${line}`),
  ];
  if (todo !== null) lines.push(`  ${style.dim(plain(todo))}`);
  lines[lines.length - 1] += style.dim(id);
  return `${lines.join('\n')}\n`;
}

export const exitCodeOf = ({ exit }: CommandError): number => exit_codes[exit];
