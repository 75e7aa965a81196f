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
  /** What the shadow policies would have done; they never change `verdict`. */
  shadow_verdict: Action;
  /** Whether any control fired, an obeyed or a shadow one: false is a plain allow. */
  fired: boolean;
  /** The control that decided: the cause named to the caller. Null when nothing fired. */
  readonly deciding: Contribution | null;
  /** What every matching control says, weightiest first. Put into words when first asked for: most calls never are. */
  readonly contributions: Contribution[];
}

export interface Evidence {
  rules: { matched: Matched; finding: Finding }[];
  lines: { line: Line; seen: Seen }[];
  unmeasurable: Unmeasurable[];
  /** The output bound the books granted; when they refused, the least useful one is what was asked. */
  output_bound: number;
}

/**
 * The one precedence rule. Every matching control speaks; the strictest action applies. Among those that agree the
 * cause is the narrowest target, then the least headroom, then the lowest id. A shadow policy is heard and not obeyed.
 */
export function decide(evidence: Evidence): Decision {
  const judged = [
    ...evidence.rules.map(judgeRule),
    ...evidence.lines.map(({ line, seen }) => judgeLine(line, seen, evidence.output_bound)),
    ...evidence.unmeasurable.map(judgeUnmeasurable),
  ];
  let contributions: Contribution[] | undefined;
  const decision = {
    verdict: verdictOf(judged, 'enforce'),
    shadow_verdict: verdictOf(judged, 'shadow'),
    fired: judged.some((of) => of.fired),
    get contributions(): Contribution[] {
      contributions ??= [...judged].sort(byWeight).map((of) => of.describe());
      return contributions;
    },
    get deciding(): Contribution | null {
      const is_cause = (of: Contribution) => of.mode === 'enforce' && of.fired && of.verdict === decision.verdict;
      return judged.some((of) => of.fired) ? (decision.contributions.find(is_cause) ?? null) : null;
    },
  };
  return decision;
}

/** What one control says, before it is put into words. */
interface Judged {
  matched: Matched;
  fired: boolean;
  /** Part of the cap that is left after the call; rules have none. */
  headroom: number;
  describe(): Contribution;
}

const saying = ({ matched, fired }: Judged): Action => (fired ? matched.control.action : 'continue');

const verdictOf = (judged: readonly Judged[], mode: Contribution['mode']): Action =>
  judged.reduce<Action>(
    (verdict, of) => (of.matched.policy.mode === mode ? stricter(verdict, saying(of)) : verdict),
    'continue',
  );

/** Strictest first, then the order in which the cause is named. */
function byWeight(a: Judged, b: Judged): number {
  const [x, y] = [saying(a), saying(b)];
  if (x !== y) return stricter(x, y) === x ? -1 : 1;
  const width = (of: Judged) => target_kinds.indexOf(of.matched.policy.document.target.kind);
  return width(a) - width(b) || a.headroom - b.headroom || (a.matched.control.id < b.matched.control.id ? -1 : 1);
}

/** A control that kills says so to the caller, whatever its limit would have said, and its incident is the gravest. */
const asKill = ({ control }: Matched, refusal: Refusal): Refusal =>
  control.action === 'kill' ? { ...refusal, code: 'run_terminated', severity: 'CRITICAL' } : refusal;

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

function judgeRule({ matched, finding }: Evidence['rules'][number]): Judged {
  const type = matched.control.rule?.type ?? '';
  const refusal = asKill(matched, present(detectors.get(type), `detector ${type}`).refusal);
  const not_evaluated = 'not_evaluated' in finding;
  const on_failure = matched.control.on_failure ?? (refuses(matched.control.action) ? 'block' : 'continue');
  const fired = not_evaluated ? on_failure === 'block' : finding.found;
  const reason = 'reason' in finding ? finding.reason : 'nothing found';
  const describe = () => ({
    ...common(matched, refusal, fired),
    ...unmeasured,
    type,
    not_evaluated,
    code: refusal.code,
    reason,
  });
  return { matched, fired, headroom: 0, describe };
}

function judgeUnmeasurable(matched: Unmeasurable): Judged {
  const { limit, type, code } = matched;
  const refusal = asKill(matched, { ...type.refusal(limit), code, severity: 'MEDIUM' });
  const reason = `the ${type.title} of this call cannot be bounded: its model has no price`;
  const describe = () => ({
    ...common(matched, refusal, true),
    ...unmeasured,
    type: limit.type,
    not_evaluated: true,
    code: refusal.code,
    reason,
  });
  return { matched, fired: true, headroom: 0, describe };
}

function judgeLine(line: Line, seen: Seen, output_bound: number): Judged {
  const left = line.max - seen.posted - seen.pending;
  const requested = amountOf(line, output_bound);
  const fired = requested > left;
  const headroom = line.max === 0n ? 0 : Number(left - requested) / Number(line.max);
  return { matched: line, fired, headroom, describe: () => describeLine(line, seen, requested, fired) };
}

function describeLine(line: Line, seen: Seen, requested: bigint, fired: boolean): Contribution {
  const { limit, type } = line;
  const refusal = asKill(line, type.refusal(limit));
  const left = line.max - seen.posted - seen.pending;
  const show = (amount: bigint) => type.show(amount < 0n ? 0n : amount);
  return {
    ...common(line, refusal, fired),
    type: limit.type,
    not_evaluated: false,
    code: refusal.code,
    reason: `${type.title}: ${show(seen.posted)} used and ${show(seen.pending)} reserved of ${show(line.max)} ${type.unit}, ${show(requested)} asked`,
    subject: line.key.subject,
    unit: type.unit,
    limit: show(line.max),
    used: show(seen.posted),
    reserved: show(seen.pending),
    requested: show(requested),
    remaining: show(left),
    resets_at: line.resets_at_ms === null ? null : instantText(line.resets_at_ms),
  };
}
