import type { Call } from '../activity/call.ts';
import { present, unreachable } from '../base/assert.ts';
import { problem_catalog } from '../base/error.ts';
import { type Action, refuses } from './action.ts';
import type { Contribution, Decision } from './decide.ts';
import { exemptionOf } from './exemption.ts';
import { everyPolicy, keptOut, type PolicyIndex, policiesFor } from './resolve.ts';
import { listOf, sentenceOf, subjectOf } from './sentence.ts';
import type { ActivePolicy } from './snapshot.ts';
import { namesFor, type Target, type TargetKind } from './target.ts';

/** A policy that was looked at for a call: whether it applies and why, and what its controls say. */
export interface Looked {
  policy_id: string;
  policy_name: string;
  policy_version: number;
  mode: 'enforce' | 'shadow';
  status: 'active' | 'draft' | 'disabled';
  sentence: string;
  matched: boolean;
  why: string;
  controls: Contribution[];
}

/**
 * Every policy of a snapshot as it stands to a call: those that apply first, in the order of their say, then the others
 * with what keeps the call out of them. The answer is made by the code that resolves calls.
 */
export function lookedAt(
  index: PolicyIndex,
  call: Call,
  at_ms: number,
  contributions: readonly Contribution[],
): Looked[] {
  const named = new Set(policiesFor(index, call));
  const all = everyPolicy(index).map((policy) => {
    const kept_out = named.has(policy) ? keptOut(policy, call, at_ms) : 'target';
    const controls = contributions.filter((of) => of.policy_id === policy.id);
    const matched = kept_out === null;
    const why = matched ? matchedWords(policy) : missWords(kept_out, policy, call, at_ms);
    return { ...facts(policy), status: 'active' as const, matched, why, controls };
  });
  const place = (of: Looked) => contributions.findIndex(({ policy_id }) => policy_id === of.policy_id);
  const matched = all.filter((of) => of.matched).sort((a, b) => place(a) - place(b));
  return [...matched, ...all.filter((of) => !of.matched)];
}

/** A policy that is not in force, as it stands to any call. */
export const notInForce = (policy: ActivePolicy, status: 'draft' | 'disabled'): Looked => ({
  ...facts(policy),
  status,
  matched: false,
  why: `it is ${status === 'draft' ? 'a draft' : 'disabled'}: it applies to no call until it is activated`,
  controls: [],
});

const facts = ({ id, version, mode, document }: ActivePolicy) => ({
  policy_id: id,
  policy_name: document.name,
  policy_version: version,
  mode,
  sentence: sentenceOf({ ...document, mode }),
});

const matchedWords = ({ document: { target } }: ActivePolicy): string =>
  target.kind === 'all_runs' && !target.when
    ? 'it applies to all runs'
    : `the call is one of those ${subjectOf(target)}`;

type Miss = 'target' | NonNullable<ReturnType<typeof keptOut>>;

function missWords(miss: Miss, { document, exemptions }: ActivePolicy, call: Call, at_ms: number): string {
  const { target, start_at, expires_at } = document;
  const { when = {} } = target;
  switch (miss) {
    case 'target':
      return `it applies to calls ${subjectOf({ ...target, when: undefined, except_ids: [] })}, and ${hasWords(target.kind, call)}`;
    case 'scheduled':
      return `not yet: it starts at ${start_at}`;
    case 'expired':
      return `it expired at ${expires_at}`;
    case 'exempted': {
      const { id, kind, target_id, expires_at: until } = present(exemptionOf(exemptions, call, at_ms), 'an exemption');
      return `the ${nouns[kind]} ${target_id} is exempt from it until ${until} (${id})`;
    }
    case 'excepted':
      return `the call is excepted by ${listOf(exceptedNames(target, call), 'and')}`;
    case 'model':
      return `it applies to ${named('model', when.model)} only, and the model is ${call.provider}/${call.model}`;
    case 'provider':
      return `it applies to ${named('provider', when.provider)} only, and the provider is ${call.provider}`;
    case 'tool':
      return `it applies to calls that offer ${named('tool', when.tool)} only, and ${offered(call.tools)}`;
    case 'tag':
      return `it applies to calls tagged ${listOf(when.tag ?? [], 'or')} only, and ${tagged(call.tags)}`;
    default:
      return unreachable(miss);
  }
}

const named = (noun: string, names: readonly string[] = []): string =>
  `${noun}${names.length === 1 ? '' : 's'} ${listOf(names, 'and')}`;

const offered = (tools: readonly string[]): string =>
  tools.length === 0 ? 'the call offers no tools' : `the call offers ${listOf(tools, 'and')}`;

function tagged(tags: Record<string, string>): string {
  const texts = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
  return texts.length === 0 ? 'the call has no tags' : `the call is tagged ${listOf(texts, 'and')}`;
}

const nouns: Record<Exclude<TargetKind, 'all_runs'>, string> = {
  actor: 'actor',
  api_key: 'API key',
  agent: 'agent',
  project: 'project',
};

function hasWords(kind: TargetKind, call: Call): string {
  if (kind === 'all_runs') return 'the call is none of them';
  const noun = nouns[kind];
  const { actor } = call.asker;
  if (kind === 'actor' && actor && actor.kind !== 'human')
    return `the actor ${actor.slug} is a ${actor.kind}, no human`;
  const names = namesFor(kind, call);
  return names === null ? `the call names no ${noun}` : `the ${noun} of the call is ${names.at(-1)}`;
}

function exceptedNames({ except_ids }: Target, call: Call): string[] {
  const kinds = Object.keys(nouns) as (keyof typeof nouns)[];
  return kinds.flatMap((kind) =>
    (namesFor(kind, call) ?? []).filter((name) => except_ids.includes(name)).map((name) => `${nouns[kind]} ${name}`),
  );
}

/** What a decision comes to, in one or two sentences. `tense`: of a call that happened, or of one that might. */
export function decisionWords(
  { verdict, shadow_verdict, deciding, contributions }: Decision,
  tense: 'was' | 'would be',
): string {
  const shadow =
    shadow_verdict === 'continue' ? '' : ` A shadow policy says that it ${outcome(shadow_verdict, 'would be')}.`;
  if (!deciding) return `The call ${tense === 'was' ? 'passed' : 'would pass'}: ${quietWords(contributions)}.${shadow}`;
  const { policy_name, policy_id, reason, code } = deciding;
  const answered = refuses(verdict) && code !== null ? ` with ${problem_catalog[code].status} ${code}` : '';
  return `The call ${outcome(verdict, tense)}${answered} by policy "${policy_name}" (${policy_id}): ${reason.replace(/\.$/, '')}.${shadow}`;
}

function quietWords(contributions: readonly Contribution[]): string {
  const obeyed = contributions.filter((of) => of.mode === 'enforce').length;
  if (obeyed === 0) return 'no enforced policy applies';
  return obeyed === 1 ? 'the one control that applies did not fire' : `none of the ${obeyed} controls that apply fired`;
}

function outcome(verdict: Action, tense: 'was' | 'would be'): string {
  const words: Record<Action, [string, string]> = {
    kill: ['was refused and its run killed', 'would be refused and its run killed'],
    block: ['was refused', 'would be refused'],
    pause: ['was held', 'would be held'],
    warn: ['passed with a warning', 'would pass with a warning'],
    continue: ['passed and was noted', 'would pass and be noted'],
  };
  return words[verdict][tense === 'was' ? 0 : 1];
}
