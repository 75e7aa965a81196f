import { z } from 'zod';
import type { Call, Estimate } from '../activity/call.ts';
import { usd_amount } from '../base/money.ts';
import { didYouMean } from '../base/nearest.ts';
import { instant } from '../base/time.ts';
import { actions } from './action.ts';
import { type Decision, decide, type Evidence } from './decide.ts';
import { detectors } from './detectors/index.ts';
import { limit_schema } from './limits/index.ts';
import { grantedBound, type Line, reserve, type Seen } from './reserve.ts';
import { type Matched, type PolicyIndex, resolve } from './resolve.ts';

const name = z.string().min(1).max(256);
const tokens = z.int().min(0).max(100_000_000);

/** A call and what had been used when it came. */
const given = z.strictObject({
  model: name,
  provider: name.optional(),
  project: name.optional(),
  agent: name.optional(),
  actor: name.optional().meta({ description: 'A human' }),
  api_key: name.optional().meta({ description: 'The id of the first key of its lineage, as policies name it' }),
  session: name.optional(),
  run: name.optional(),
  tools: z.array(name).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  input_tokens: tokens.default(100),
  max_output_tokens: tokens.optional().meta({ description: 'Absent: the caller names no bound' }),
  choices: z.int().min(1).max(128).default(1),
  tool_results: z.int().min(0).max(10_000).default(0).meta({ description: 'Results of tools that the call brings' }),
  cost_usd: usd_amount.optional().meta({ description: 'What the call may cost; absent: by the price of the model' }),
  at: instant.optional().meta({ description: 'When it comes; absent: now' }),
  usage: z
    .record(z.string(), z.union([z.number(), z.string()]))
    .default({})
    .meta({ description: 'Used before, by control: `<policy>.<type>`, `<policy>.<n>`, or the type alone' }),
});

/** What a policy is tested with: given a call, expect a decision. */
export const policy_case = z.strictObject({
  name: z.string().min(1).max(300).optional(),
  given,
  expect: z.strictObject({
    decision: z.enum(actions),
    shadow_decision: z.enum(actions).optional(),
    control: z.string().min(1).max(300).optional().meta({ description: 'The deciding one, named as in usage' }),
    code: z.string().min(1).max(100).optional(),
  }),
});
export type PolicyCase = z.infer<typeof policy_case>;

/** A control under the names that cases may call it by. */
export interface NamedControl {
  id: string;
  policy_slug: string;
  /** Position in its policy. */
  n: number;
  type: string;
}

export interface CaseResult {
  passed: boolean;
  decision: Decision | null;
  /** The deciding control as cases name it; null: none decided. */
  control: string | null;
  /** What is wrong, in words; null: it passed. */
  message: string | null;
}

const shortest = ({ policy_slug, type }: NamedControl): string => `${policy_slug}.${type}`;

/** Every name of a control, the clearest first. */
const namesOf = (of: NamedControl): string[] => [
  shortest(of),
  `${of.policy_slug}.${of.n}`,
  `${of.policy_slug}.controls[${of.n}]`,
  of.policy_slug,
  of.type,
  `controls[${of.n}]`,
  of.id,
];

const called = (reference: string, controls: readonly NamedControl[]): NamedControl[] =>
  controls.filter((of) => namesOf(of).includes(reference));

/**
 * Decides a case with the evaluator of real calls: the same resolve, reserve and decide, over the usage that is given.
 * Pure. `estimate` is the bound of the call, `at_ms` its instant.
 */
export function runCase(
  index: PolicyIndex,
  controls: readonly NamedControl[],
  of: PolicyCase,
  at: { call: Call; estimate: Estimate; at_ms: number },
): CaseResult {
  const strange = [...Object.keys(of.given.usage), ...(of.expect.control ? [of.expect.control] : [])].find(
    (reference) => called(reference, controls).length === 0,
  );
  if (strange !== undefined)
    return broken(`"${strange}" is no control here${didYouMean(strange, controls.flatMap(namesOf))}`);
  const matched = resolve(index, at.call, at.at_ms);
  const { lines, timed, unmeasurable } = reserve(matched, at.call, at.estimate, at.at_ms);
  const counted = lines.map((line) => ({ line, used: usedBefore(line, of, controls) ?? 0n }));
  const clocked = timed.map(({ line, seen }) => ({ line, used: usedBefore(line, of, controls) ?? seen.posted }));
  const unread = [...counted, ...clocked].find(({ used }) => typeof used === 'string');
  if (unread) return broken(String(unread.used));
  const known = (all: typeof counted) => all.map(({ line, used }) => ({ line, seen: seenOf(used) }));
  const decision = decide({
    rules: matched.flatMap((one) => findings(one, at.call)),
    lines: [...known(counted), ...known(clocked)],
    unmeasurable,
    output_bound: grantedBound(known(counted), at.estimate.output_tokens) ?? at.estimate.output_tokens.floor,
  });
  return judged(decision, of, controls);
}

const seenOf = (used: bigint | string): Seen => ({ posted: BigInt(used), pending: 0n });

const broken = (message: string): CaseResult => ({ passed: false, decision: null, control: null, message });

function findings(matched: Matched, call: Call): Evidence['rules'] {
  const { rule } = matched.control;
  const detector = rule && detectors.get(rule.type);
  return rule && detector ? [{ matched, finding: detector.detect(rule, call) }] : [];
}

/** What was used of a limit, in whole units: null when the case does not say, words when it says so unreadably. */
function usedBefore(
  line: Line,
  { given: { usage } }: PolicyCase,
  controls: readonly NamedControl[],
): bigint | string | null {
  const naming = Object.entries(usage).filter(([reference]) =>
    called(reference, controls).some(({ id }) => id === line.control.id),
  );
  const [clearest] = naming.sort(([a], [b]) => called(a, controls).length - called(b, controls).length);
  if (!clearest) return null;
  // Some limits may not be 0 themselves.
  if (Number(clearest[1]) === 0) return 0n;
  const parsed = limit_schema.safeParse({ ...line.limit, max: clearest[1] });
  if (parsed.success) return line.type.cap(parsed.data);
  return `usage of "${clearest[0]}" is no amount in ${line.type.unit}: ${parsed.error.issues[0]?.message ?? ''}`;
}

function judged(decision: Decision, { expect }: PolicyCase, controls: readonly NamedControl[]): CaseResult {
  const { deciding, verdict, shadow_verdict } = decision;
  const by = controls.find(({ id }) => id === deciding?.control_id);
  const control = by ? shortest(by) : null;
  const wrong = [];
  if (verdict !== expect.decision) wrong.push(`expected ${expect.decision}, got ${verdict}`);
  if (expect.shadow_decision !== undefined && shadow_verdict !== expect.shadow_decision)
    wrong.push(`expected ${expect.shadow_decision} in shadow, got ${shadow_verdict}`);
  if (expect.control !== undefined && !(by && namesOf(by).includes(expect.control)))
    wrong.push(`expected ${expect.control} to decide, but ${control ?? 'no control'} did`);
  if (expect.code !== undefined && deciding?.code !== expect.code)
    wrong.push(`expected code ${expect.code}, got ${deciding?.code ?? 'none'}`);
  const why = deciding ? ` (${deciding.reason})` : '';
  return {
    passed: wrong.length === 0,
    decision,
    control,
    message: wrong.length === 0 ? null : `${wrong.join('; ')}${why}`,
  };
}
