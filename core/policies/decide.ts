import type { z } from 'zod';
import type { Unpriced } from '../activity/call.ts';
import { present } from '../base/assert.ts';
import type { ProblemCode } from '../base/error.ts';
import { instantText } from '../base/time.ts';
import { type Action, refuses, stricter } from './action.ts';
import type { Finding } from './detectors/define.ts';
import { detectors } from './detectors/index.ts';
import type { Raised, raise } from './override.ts';
import type { Refusal } from './refusal.ts';
import { amountOf, type Line, type Seen, type Unmeasurable } from './reserve.ts';
import type { Matched } from './resolve.ts';
import { type TargetKind, target_kinds } from './target.ts';

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
  /** Its policy tells callers no amounts; absent: it does. */
  error_detail?: 'minimal' | undefined;
  subject: string | null;
  unit: string | null;
  limit: number | string | null;
  used: number | string | null;
  reserved: number | string | null;
  requested: number | string | null;
  remaining: number | string | null;
  resets_at: string | null;
  /** The override that raised the limit; absent when none did. */
  raised?: z.infer<typeof raise> | undefined;
  /** The question to a person that stands in for the action of a control that pauses; absent when none does. */
  ruled_by?: string | undefined;
  category: Refusal['category'];
  severity: Refusal['severity'];
  termination: Refusal['termination'];
  incident: boolean;
}

export interface Decision {
  readonly verdict: Action;
  /** What the shadow policies would have done; they never change `verdict`. */
  readonly shadow_verdict: Action;
  /** Whether any control fired, an obeyed or a shadow one: false is a plain allow. */
  readonly fired: boolean;
  /** The control that decided: the cause named to the caller. Null when nothing fired. */
  readonly deciding: Contribution | null;
  /** The policy in force with the least left of a limit; where none limits, the first that rules. Absent: something else decided. */
  readonly tightest?: string | null;
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
  const judged: Judged[] = [];
  for (const { matched, finding } of evidence.rules) judged.push(new JudgedRule(matched, finding));
  for (const { line, seen } of evidence.lines) judged.push(new JudgedLine(line, seen, evidence.output_bound));
  for (const of of evidence.unmeasurable) judged.push(new JudgedUnmeasurable(of));
  return new Decided(judged);
}

/** What one control says, before it is put into words. */
interface Judged {
  readonly matched: Matched;
  readonly fired: boolean;
  /** Part of the cap that is left after the call; rules have none. */
  readonly headroom: number;
  describe(): Contribution;
}

class Decided implements Decision {
  verdict: Action = 'continue';
  shadow_verdict: Action = 'continue';
  fired = false;
  readonly #judged: readonly Judged[];
  #contributions: Contribution[] | undefined;

  constructor(judged: readonly Judged[]) {
    this.#judged = judged;
    for (const of of judged) {
      if (!of.fired) continue;
      const { policy, control } = of.matched;
      this.fired = true;
      if (policy.mode === 'enforce') this.verdict = stricter(this.verdict, control.action);
      else this.shadow_verdict = stricter(this.shadow_verdict, control.action);
    }
  }

  get contributions(): Contribution[] {
    this.#contributions ??= [...this.#judged].sort(byWeight).map((of) => of.describe());
    return this.#contributions;
  }

  get tightest(): string | null {
    let tightest: Judged | undefined;
    const isTighter = (of: Judged) => !tightest || leftOf(of) < leftOf(tightest);
    for (const of of this.#judged) if (of.matched.policy.mode === 'enforce' && isTighter(of)) tightest = of;
    return tightest?.matched.policy.id ?? null;
  }

  get deciding(): Contribution | null {
    if (!this.fired) return null;
    const is_cause = (of: Contribution) => of.mode === 'enforce' && of.fired && of.verdict === this.verdict;
    return this.contributions.find(is_cause) ?? null;
  }
}

const leftOf = (of: Judged): number => (of instanceof JudgedRule ? Number.POSITIVE_INFINITY : of.headroom);

const saying = ({ matched, fired }: Judged): Action => (fired ? matched.control.action : 'continue');

/** Strictest first, then the order in which the cause is named. */
function byWeight(a: Judged, b: Judged): number {
  const [x, y] = [saying(a), saying(b)];
  if (x !== y) return stricter(x, y) === x ? -1 : 1;
  const width = (of: Judged) => target_kinds.indexOf(of.matched.policy.document.target.kind);
  return width(a) - width(b) || a.headroom - b.headroom || (a.matched.control.id < b.matched.control.id ? -1 : 1);
}

/** A control that kills or pauses says so to the caller, whatever its limit would have said; a kill is the gravest. */
function asActed({ control }: Matched, refusal: Refusal): Refusal {
  if (control.action === 'kill') return { ...refusal, code: 'run_terminated', severity: 'CRITICAL' };
  return control.action === 'pause' ? { ...refusal, code: 'run_paused' } : refusal;
}

function common({ policy, control, ruled_by }: Matched, refusal: Refusal, fired: boolean) {
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
    ...(policy.document.error_detail === 'minimal' && { error_detail: 'minimal' as const }),
    category: refusal.category,
    severity: refusal.severity,
    termination: refusal.termination,
    incident: control.incident ?? (refuses(control.action) && control.action !== 'pause'),
    ...(ruled_by !== undefined && { ruled_by }),
  };
}

/** The amounts of what measures nothing. */
export const unmeasured = {
  subject: null,
  unit: null,
  limit: null,
  used: null,
  reserved: null,
  requested: null,
  remaining: null,
  resets_at: null,
};

class JudgedRule implements Judged {
  readonly matched: Matched;
  readonly fired: boolean;
  readonly headroom = 0;
  readonly #finding: Finding;

  constructor(matched: Matched, finding: Finding) {
    const { control } = matched;
    const on_failure = control.on_failure ?? (refuses(control.action) ? 'block' : 'continue');
    this.matched = matched;
    this.#finding = finding;
    this.fired = 'not_evaluated' in finding ? on_failure === 'block' : finding.found;
  }

  describe(): Contribution {
    const { matched, fired } = this;
    const finding = this.#finding;
    const type = matched.control.rule?.type ?? '';
    const refusal = asActed(matched, present(detectors.get(type), `detector ${type}`).refusal);
    return {
      ...common(matched, refusal, fired),
      ...unmeasured,
      type,
      not_evaluated: 'not_evaluated' in finding,
      code: refusal.code,
      reason: 'reason' in finding ? finding.reason : 'nothing found',
    };
  }
}

const why_unpriced: Record<Unpriced, string> = {
  model: 'its model has no price',
  level: 'the level of service it asks for has no price',
  tool: 'a tool it asks the provider to run has no price',
  search: 'its web searches have no price',
  searches: 'its web searches have no maximum (max_uses, max_tool_calls)',
};

class JudgedUnmeasurable implements Judged {
  readonly matched: Unmeasurable;
  readonly fired = true;
  readonly headroom = 0;

  constructor(matched: Unmeasurable) {
    this.matched = matched;
  }

  describe(): Contribution {
    const { limit, type, code, unpriced } = this.matched;
    const refusal = asActed(this.matched, { ...type.refusal(limit), code, severity: 'MEDIUM' });
    return {
      ...common(this.matched, refusal, true),
      ...unmeasured,
      type: limit.type,
      not_evaluated: true,
      code: refusal.code,
      reason: `the ${type.title} of this call cannot be bounded: ${unpriced === undefined ? 'its price is not known' : why_unpriced[unpriced]}`,
    };
  }
}

class JudgedLine implements Judged {
  readonly matched: Line;
  readonly fired: boolean;
  readonly #seen: Seen;
  readonly #requested: bigint;

  constructor(line: Line, seen: Seen, output_bound: number) {
    this.matched = line;
    this.#seen = seen;
    this.#requested = amountOf(line, output_bound);
    this.fired = !seen.has_place && seen.posted + seen.pending + this.#requested > line.max;
  }

  get headroom(): number {
    const { max } = this.matched;
    const { posted, pending } = this.#seen;
    return max === 0n ? 0 : Number(max - posted - pending - this.#requested) / Number(max);
  }

  describe(): Contribution {
    return describeLine(this.matched, this.#seen, this.#requested, this.fired);
  }
}

function describeLine(line: Line, seen: Seen, requested: bigint, fired: boolean): Contribution {
  const { limit, type } = line;
  const refusal = asActed(line, type.refusal(limit));
  const left = line.max - seen.posted - seen.pending;
  const show = (amount: bigint) => type.show(amount < 0n ? 0n : amount, limit);
  return {
    ...common(line, refusal, fired),
    type: limit.type,
    not_evaluated: false,
    code: refusal.code,
    reason: `${type.title}: ${show(seen.posted)} used and ${show(seen.pending)} reserved of ${show(line.max)} ${type.unit}${raisedText(line)}, ${show(requested)} asked`,
    subject: line.key.subject,
    unit: type.unit,
    limit: show(line.max),
    used: show(seen.posted),
    reserved: show(seen.pending),
    requested: show(requested),
    remaining: show(left),
    resets_at: line.resets_at_ms === null ? null : instantText(line.resets_at_ms),
    ...(line.raised && { raised: raiseOf(line.raised, line) }),
  };
}

function raisedText({ raised, type, limit }: Line): string {
  if (!raised) return '';
  return ` (raised from ${type.show(raised.base, limit)} until ${raised.override.expires_at} by ${raised.override.id})`;
}

const raiseOf = ({ override, base }: Raised, { type, limit }: Line) => ({
  override_id: override.id,
  base_limit: type.show(base, limit),
  expires_at: override.expires_at,
});
