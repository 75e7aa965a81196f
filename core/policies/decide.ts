import { present } from '../base/assert.ts';
import type { ProblemCode } from '../base/error.ts';
import { instantText } from '../base/time.ts';
import { type Action, refuses, stricter } from './action.ts';
import type { Finding } from './detectors/define.ts';
import { detectors } from './detectors/index.ts';
import type { Refusal } from './refusal.ts';
import { amountOf, type Line, type Unmeasurable } from './reserve.ts';
import type { Matched } from './resolve.ts';
import { type TargetKind, target_kinds } from './target.ts';

/** A balance as it stood just before the call, in whole units. */
export interface Seen {
  posted: bigint;
  pending: bigint;
}

/** What one control says about one call. Everything a person needs to check it by hand. */
export interface Contribution {
  policy_id: string;
  policy_name: string;
  policy_version: number;
  control_id: string;
  mode: 'enforce' | 'shadow';
  /** The limit or rule type, for example `cost_usd`. */
  type: string;
  scope: TargetKind;
  action: Action;
  fired: boolean;
  /** The control could not look, or the limit could not be measured. */
  not_evaluated: boolean;
  /** What it asks for: its action when it fired, else `continue`. */
  verdict: Action;
  code: ProblemCode | null;
  reason: string;
  message: string | null;
  subject: string | null;
  unit: string | null;
  limit: number | string | null;
  used: number | string | null;
  reserved: number | string | null;
  requested: number | string | null;
  remaining: number | string | null;
  resets_at: string | null;
  category: Refusal['category'];
  severity: Refusal['severity'];
  termination: Refusal['termination'];
  incident: boolean;
}

export interface Decision {
  verdict: Action;
  /** The control that decided: the cause named to the caller. Null when nothing fired. */
  deciding: Contribution | null;
  contributions: Contribution[];
  /** What the shadow policies would have done; they never change `verdict`. */
  shadow_verdict: Action;
}

export interface Evidence {
  rules: { matched: Matched; finding: Finding }[];
  lines: { line: Line; seen: Seen }[];
  unmeasurable: Unmeasurable[];
  /** The output bound the books granted; null when they refused, then the least useful one is what was asked. */
  output_bound: number;
}

/**
 * The one precedence rule. Every matching control speaks; the strictest action applies. Among those that agree the
 * cause is the narrowest target, then the least headroom, then the lowest id. A shadow policy is heard and not obeyed.
 */
export function decide(evidence: Evidence): Decision {
  const judged = [
    ...evidence.rules.map(({ matched, finding }) => judgeRule(matched, finding)),
    ...evidence.lines.map(({ line, seen }) => judgeLine(line, seen, evidence.output_bound)),
    ...evidence.unmeasurable.map(judgeUnmeasurable),
  ].sort(byWeight);
  const contributions = judged.map(({ contribution }) => contribution);
  const verdictOf = (mode: Contribution['mode']) =>
    contributions
      .filter((of) => of.mode === mode)
      .reduce<Action>((verdict, of) => stricter(verdict, of.verdict), 'continue');
  const verdict = verdictOf('enforce');
  const deciding = contributions.find((of) => of.mode === 'enforce' && of.fired && of.verdict === verdict) ?? null;
  return { verdict, deciding, contributions, shadow_verdict: verdictOf('shadow') };
}

interface Judged {
  contribution: Contribution;
  /** Part of the cap that is left after the call; rules have none. */
  headroom: number;
}

/** Strictest first, then the order in which the cause is named. */
function byWeight(a: Judged, b: Judged): number {
  const [x, y] = [a.contribution, b.contribution];
  if (x.verdict !== y.verdict) return stricter(x.verdict, y.verdict) === x.verdict ? -1 : 1;
  const narrower = target_kinds.indexOf(x.scope) - target_kinds.indexOf(y.scope);
  if (narrower !== 0) return narrower;
  if (a.headroom !== b.headroom) return a.headroom - b.headroom;
  return x.control_id < y.control_id ? -1 : 1;
}

function common({ policy, control }: Matched, refusal: Refusal, fired: boolean) {
  return {
    policy_id: policy.id,
    policy_name: policy.document.name,
    policy_version: policy.version,
    control_id: control.id,
    mode: policy.mode,
    scope: policy.document.target.kind,
    action: control.action,
    fired,
    verdict: fired ? control.action : ('continue' as const),
    message: control.message ?? null,
    category: refusal.category,
    severity: refusal.severity,
    termination: refusal.termination,
    incident: control.incident ?? refuses(control.action),
  };
}

const unmeasured = {
  subject: null,
  unit: null,
  limit: null,
  used: null,
  reserved: null,
  requested: null,
  remaining: null,
  resets_at: null,
};

function judgeRule(matched: Matched, finding: Finding): Judged {
  const type = matched.control.rule?.type ?? '';
  const { refusal } = present(detectors.get(type), `detector ${type}`);
  const not_evaluated = 'not_evaluated' in finding;
  const on_failure = matched.control.on_failure ?? (refuses(matched.control.action) ? 'block' : 'continue');
  const fired = not_evaluated ? on_failure === 'block' : finding.found;
  const reason = 'reason' in finding ? finding.reason : 'nothing found';
  return {
    contribution: {
      ...common(matched, refusal, fired),
      ...unmeasured,
      type,
      not_evaluated,
      code: refusal.code,
      reason,
    },
    headroom: 0,
  };
}

function judgeUnmeasurable({ limit, type, code, ...matched }: Unmeasurable): Judged {
  const refusal = { ...type.refusal(limit), code };
  const reason = `the ${type.title} of this call cannot be bounded: its model has no price`;
  return {
    contribution: {
      ...common(matched, refusal, true),
      ...unmeasured,
      type: limit.type,
      not_evaluated: true,
      code,
      reason,
    },
    headroom: 0,
  };
}

function judgeLine(line: Line, seen: Seen, output_bound: number): Judged {
  const { limit, type } = line;
  const cap = type.cap(limit);
  const requested = amountOf(line, output_bound);
  const left = cap - seen.posted - seen.pending;
  const fired = requested > left;
  const refusal = type.refusal(limit);
  const show = (amount: bigint) => type.show(amount < 0n ? 0n : amount);
  return {
    contribution: {
      ...common(line, refusal, fired),
      type: limit.type,
      not_evaluated: false,
      code: refusal.code,
      reason: `${type.title}: ${show(seen.posted)} used and ${show(seen.pending)} reserved of ${show(cap)} ${type.unit}, ${show(requested)} asked`,
      subject: line.key.subject,
      unit: type.unit,
      limit: show(cap),
      used: show(seen.posted),
      reserved: show(seen.pending),
      requested: show(requested),
      remaining: show(left),
      resets_at: line.resets_at_ms === null ? null : instantText(line.resets_at_ms),
    },
    headroom: cap === 0n ? 0 : Number(((left - requested) * 1_000_000n) / cap),
  };
}
