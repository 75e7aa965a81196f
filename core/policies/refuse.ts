import { Problem, type ProblemCode } from '../base/error.ts';
import { epochMs } from '../base/time.ts';
import type { Contribution } from './decide.ts';

/** What the answer to a refused call links to and names besides its cause. */
export interface RefusalContext {
  decision_id: string;
  run_id: string;
  /** The console page of the decision. */
  url: string;
  at_ms: number;
  /** It had gone out, and is charged for: to repeat it is to pay twice, and for its caller to choose. */
  is_charged?: boolean;
}

type RefusedBy = Omit<RefusalContext, 'at_ms' | 'is_charged'> & { retryable: boolean };

/** Longest wait a caller is asked for: beyond it, common clients would rather sleep than fail. */
const longest_wait_s = 60;

const dollars = (value: number | string | null) => `$${String(value).replace(/(\.\d{2}\d*?)0+$/, '$1')}`;

function amount(value: number | string | null, unit: string | null): string {
  if (unit === 'usd') return dollars(value);
  if (unit === 'usd_per_minute') return `${dollars(value)} a minute`;
  const words = unit?.replaceAll('_', ' ');
  return `${value} ${value === 1 ? words?.replace(/s$/, '') : words}`;
}

/** The refusal of a call as the one control that caused it, in words a person can act on. */
export function refusalOf(cause: Contribution, context: RefusalContext): Problem {
  const code: ProblemCode = cause.code ?? 'policy_blocked';
  const is_final = context.is_charged ?? false;
  const waits = !is_final && (code === 'rate_limit_exceeded' || code === 'run_paused');
  const is_stopping = !is_final && code === 'server_stopping';
  const retry_after_s = waits ? waitSeconds(cause, context.at_ms) : is_stopping ? restart_s : undefined;
  const retryable = waits || is_stopping;
  const { decision_id, run_id, url } = context;
  const known = { decision_id, policy_id: cause.policy_id, retryable, run_id, url };
  const details = cause.error_detail === 'minimal' ? known : detailsOf(cause, known);
  return new Problem(code, messageOf(cause, context), {
    details,
    is_final,
    ...(retry_after_s !== undefined && { retry_after_s }),
  });
}

/** Everything that is known of the cause, in the order in which clients have always been given it. */
function detailsOf(cause: Contribution, { retryable, ...context }: RefusedBy) {
  return {
    decision_id: context.decision_id,
    policy_id: cause.policy_id,
    policy_name: cause.policy_name,
    policy_version: cause.policy_version,
    control_id: cause.control_id,
    scope: cause.scope,
    unit: cause.unit,
    limit: cause.limit,
    used: cause.used,
    reserved: cause.reserved,
    requested: cause.requested,
    resets_at: cause.resets_at,
    retryable,
    run_id: context.run_id,
    url: context.url,
  };
}

/** Names policy, amounts, reset and page in the text itself: some clients show nothing else. */
function messageOf(cause: Contribution, { url }: RefusalContext): string {
  const own = cause.message ? `${cause.message} ` : '';
  const did = cause.verdict === 'pause' ? 'paused' : 'refused';
  if (cause.error_detail === 'minimal') return `${own}A policy ${did} this call. For whoever may read why: ${url}`;
  const policy = `Policy "${cause.policy_name}" (${cause.policy_id})`;
  // A reason ends with what a person wrote, which may be a sentence of its own.
  if (cause.limit === null)
    return `${own}${policy} ${did} this call: ${cause.reason.replace(/\.$/, '')}. Details: ${url}`;
  const used = `${amount(cause.used, cause.unit)} used and ${amount(cause.reserved, cause.unit)} reserved`;
  const asked = `this call may need ${amount(cause.requested, cause.unit)}`;
  const reset = resetOf(cause);
  return `${own}${policy} ${did} this call: its limit of ${amount(cause.limit, cause.unit)} has ${used}, and ${asked}. ${reset} Details: ${url}`;
}

function resetOf({ resets_at, code }: Contribution): string {
  if (resets_at) return `Resets at ${resets_at}.`;
  return code === 'rate_limit_exceeded' ? 'There is room when something under way ends.' : 'Does not reset by itself.';
}

/** As for governance that cannot answer: another process, or the next one, is there soon. */
const restart_s = 2;

/** A person takes longer than a window: asking again twice a minute is enough. */
const person_s = 30;

function waitSeconds(cause: Contribution, at_ms: number): number {
  if (cause.code === 'run_paused') return person_s;
  if (cause.resets_at === null) return 1;
  const left_s = Math.ceil((epochMs(cause.resets_at) - at_ms) / 1000);
  return Math.min(longest_wait_s, Math.max(1, left_s));
}
