import { type Action, stricter, strictnessOf } from './action.ts';
import { besideOthers } from './beside.ts';
import { modelsOverlap } from './covers.ts';
import type { PolicyDocument } from './policy.ts';
import { allowanceOf, exempt_words, minuteText } from './sentence.ts';
import type { ActivePolicy } from './snapshot.ts';
import { type Caller, excepted, namesFor, type Target, target_kinds } from './target.ts';

export const standings = [
  'this',
  'stricter',
  'as_strict',
  'milder',
  'never_decides',
  'partly_lifted',
  'in_shadow',
] as const;

/** One control that calls of a policy meet, of that policy itself or of another one, and how it stands to it. */
export interface Deciding {
  /** Null: the policy that is looked at. */
  policy: ActivePolicy | null;
  policy_name: string;
  /** Its place in the policy, from 0. */
  control: number;
  control_id: string | null;
  mode: PolicyDocument['mode'];
  action: Action;
  /** What it allows, in a few words. */
  allows: string;
  standing: (typeof standings)[number];
  words: string;
}

/** A policy as it is written. */
interface Looked {
  document: PolicyDocument;
  /** Who called for its target lately. */
  seen: readonly Caller[];
}

/**
 * All that decides on the calls of a policy, itself among them: what is in force before what is in shadow, the strictest
 * first, then the narrowest target. Others are those whose target takes some of the same calls, by what is written or
 * by who has called lately. How it stands is told as if the policy were enforced.
 */
export function whoElse({ document, seen }: Looked, others: readonly ActivePolicy[], at_ms: number): Deciding[] {
  const meeting = others.filter((of) => meets(document.target, of.document.target, seen));
  const enforced: PolicyDocument = { ...document, mode: 'enforce' };
  const own = deadControls(enforced, meeting.map(asOther), at_ms);
  // Of two that say the same, the one that is there already is the one that decides.
  const effective = { ...enforced, controls: enforced.controls.filter((_, n) => !own.has(n)) };
  const strictest = document.controls.map(({ action }) => action).reduce(stricter);
  const rows = meeting.flatMap((policy) => {
    const of = { ...policy.document, mode: policy.mode };
    const dead = deadControls(of, [{ id: null, document: effective }], at_ms);
    return of.controls.map((control, n) => ({
      policy,
      ...rowOf(of, n),
      control_id: control.id,
      ...standingOf(policy, control.action, strictest, dead.get(n)),
    }));
  });
  const self = document.controls.map(({ id }, n) => ({
    policy: null,
    ...rowOf(document, n),
    control_id: id ?? null,
    ...ownStanding(own.get(n)),
  }));
  return [...rows, ...self].sort((a, b) => order(a, document) - order(b, document));
}

const asOther = ({ id, mode, document }: ActivePolicy) => ({ id, document: { ...document, mode } });

const rowOf = (document: PolicyDocument, control: number) => ({
  policy_name: document.name,
  control,
  mode: document.mode,
  action: document.controls[control]?.action ?? 'continue',
  allows: allowanceOf(document.controls[control] ?? {}),
});

/** Why controls of a policy can have no effect beside others, by their places; these stand in the same table by name. */
function deadControls(document: PolicyDocument, others: Parameters<typeof besideOthers>[1], at_ms: number) {
  const found = besideOthers(document, others, at_ms);
  return new Map(
    document.controls.flatMap((_, n) => {
      const place = `controls[${n}]`;
      const message = found.find(({ path }) => path === place)?.message.slice(`${place}: `.length);
      const told = others.reduce<string | undefined>((text, { id }) => text?.replace(` (${id})`, ''), message);
      return told === undefined ? [] : [[n, told] as const];
    }),
  );
}

type Standing = Pick<Deciding, 'standing' | 'words'>;

const ownStanding = (dead: string | undefined): Standing =>
  dead === undefined ? { standing: 'this', words: 'this policy' } : { standing: 'never_decides', words: dead };

function standingOf(policy: ActivePolicy, action: Action, own: Action, dead: string | undefined): Standing {
  if (policy.mode === 'shadow') return { standing: 'in_shadow', words: 'in shadow: it stops nothing' };
  if (dead !== undefined) return { standing: 'never_decides', words: `never decides: ${dead}` };
  const [lifted] = policy.exemptions ?? [];
  if (lifted)
    return {
      standing: 'partly_lifted',
      words: `partly lifted: ${exempt_words[lifted.kind]} ${lifted.target_id} is exempt until ${minuteText(lifted.expires_at)}`,
    };
  if (action === own) return { standing: 'as_strict', words: 'as strict: where both fire, the narrower one is named' };
  return stricter(action, own) === action
    ? { standing: 'stricter', words: `stricter: where both fire, ${action} applies` }
    : { standing: 'milder', words: `milder: where both fire, ${own} applies` };
}

/** Lower stands first: in force, strict, narrow. */
function order({ policy, action, mode }: Deciding, document: PolicyDocument): number {
  const { kind } = policy?.document.target ?? document.target;
  const is_off = policy !== null && mode === 'shadow';
  return (is_off ? 100 : 0) - strictnessOf(action) * 10 + target_kinds.indexOf(kind);
}

/** Whether two targets take some of the same calls. */
function meets(one: Target, other: Target, seen: readonly Caller[]): boolean {
  if (!mayCoincide(one, other)) return false;
  if (other.kind === 'all_runs' || one.kind === 'all_runs') return true;
  const same = one.kind === other.kind && one.ids.some((id) => other.ids.includes(id));
  return same || seen.some((asker) => names(other, asker) && !excepted(other.except_ids, { asker }));
}

const names = ({ kind, ids }: Target, asker: Caller): boolean =>
  namesFor(kind, { asker })?.some((name) => ids.includes(name)) ?? false;

/** Calls have one provider and one model, so that lists without a common one never meet. */
function mayCoincide({ when: a = {} }: Target, { when: b = {} }: Target): boolean {
  const apart = <T>(x: T[] | undefined, y: T[] | undefined, same: (x: T, y: T) => boolean) =>
    x !== undefined && y !== undefined && !x.some((of) => y.some((with_) => same(of, with_)));
  return !apart(a.model, b.model, modelsOverlap) && !apart(a.provider, b.provider, (x, y) => x === y);
}
