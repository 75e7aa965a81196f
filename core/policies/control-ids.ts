import { canonicalText } from '../base/canonical.ts';
import { Problem } from '../base/error.ts';
import { countsOn, windowKind } from '../base/window.ts';
import type { Control, StoredControl } from './control.ts';
import { countedOver, typeOf } from './limits/index.ts';
import type { PolicyDocument, StoredDocument } from './policy.ts';

export interface Identified {
  document: StoredDocument;
  /**
   * Controls that were sent with an id and got another one, because they count something else now. `finer`: only in
   * shorter buckets, so that the new balances go on with what is on the old ones.
   */
  replaced: { place: string; old_id: string; new_id: string; finer: Finer | null }[];
}

/** Rolling windows of the same amounts, the later one in shorter buckets; both in seconds. */
export interface Finer {
  from_seconds: number;
  to_seconds: number;
}

/**
 * Gives every control of a written document its id. Balances follow ids, so a control that is sent back keeps its own
 * as long as it counts the same; one without an id is taken for the likest of those that were not sent back. `ever`
 * holds all controls the policy had, `present` those it has now.
 * @throws Problem `invalid_body` for ids that the policy never had, and for two controls with one id.
 */
export function identifyControls(
  written: PolicyDocument,
  { ever, present }: { ever: ReadonlyMap<string, StoredControl>; present: readonly StoredControl[] },
  newId: () => string,
): Identified {
  refuseStrangers(written.controls, ever);
  const sent = new Set(written.controls.map(({ id }) => id));
  const formers = formersOf(
    written.controls.filter(({ id }) => id === undefined),
    present.filter(({ id }) => !sent.has(id)),
  );
  const replaced: Identified['replaced'] = [];
  const controls = written.controls.map((control, n): StoredControl => {
    const before = control.id === undefined ? formers.get(control) : ever.get(control.id);
    if (before && countsAs(before, control)) return { ...control, id: before.id };
    const new_id = newId();
    const old_id = before?.id ?? control.id;
    if (old_id !== undefined)
      replaced.push({ place: `controls[${n}]`, old_id, new_id, finer: before ? finerOf(before, control) : null });
    return { ...control, id: new_id };
  });
  return { document: { ...written, controls }, replaced };
}

/** What became of the counters of controls that got another id than they had. */
export const replacedWords = ({ replaced }: Pick<Identified, 'replaced'>, is_made = true): string[] =>
  replaced.map(({ place, old_id, new_id, finer }) => {
    // Who only plans is given ids that nothing will have.
    const id = is_made ? `the new id ${new_id}` : 'a new id';
    return finer
      ? `${place} counts in shorter stretches than ${old_id} did, so it goes on under ${id} with what was counted, each of the longer ones as if it had come at its end`
      : `${place} counts something else than ${old_id} did, so it starts from zero under ${id}`;
  });

function refuseStrangers(controls: readonly Control[], ever: ReadonlyMap<string, StoredControl>): void {
  const seen = new Set<string>();
  for (const [n, { id }] of controls.entries()) {
    if (id === undefined) continue;
    const place = `The policy is not accepted: controls[${n}].id`;
    if (seen.has(id))
      throw new Problem(
        'invalid_body',
        `${place} is ${id}, as of another control: give each control its own, or none.`,
      );
    if (!ever.has(id)) {
      const known =
        ever.size === 0 ? 'a new policy has none yet' : `it has had ${[...ever.keys()].slice(-10).join(', ')}`;
      throw new Problem(
        'invalid_body',
        `${place} is ${id}, which this policy never had (${known}): leave the id out of a new control.`,
      );
    }
    seen.add(id);
  }
}

/**
 * Which controls without an id were which of those left over: first those that stand unchanged, then those that count
 * the same for the same, with the same action before another one, then those of which only the window is another of
 * its kind, last any limit of the same type. Where several are alike, in their order: what they count is the same, so none ever starts from zero.
 */
function formersOf(nameless: readonly Control[], open: readonly StoredControl[]): Map<Control, StoredControl> {
  const formers = new Map<Control, StoredControl>();
  const left = new Set(open);
  for (const likeness of likenesses)
    for (const control of nameless) {
      const former = formers.has(control) ? undefined : [...left].find((of) => likeness(of) === likeness(control));
      if (!former) continue;
      formers.set(control, former);
      left.delete(former);
    }
  return formers;
}

/** Whether the later control finds what the earlier one has counted: the same of the same, in windows that it looks at. */
function countsAs(before: Control, after: Control): boolean {
  if (!countsAlike(before, after)) return false;
  const [earlier, later] = [before.limit?.window, after.limit?.window];
  return !earlier || !later || countsOn(earlier, later);
}

const countsAlike = (before: Control, after: Control): boolean =>
  unitOf(before) === unitOf(after) && (before.limit?.count_per ?? null) === (after.limit?.count_per ?? null);

function finerOf(before: Control, after: Control): Finer | null {
  if (!countsAlike(before, after) || !before.limit || !after.limit) return null;
  const [earlier, later] = [countedOver(before.limit), countedOver(after.limit)];
  if (!earlier || !later || !('rolling_seconds' in earlier && 'rolling_seconds' in later)) return null;
  return { from_seconds: earlier.rolling_seconds, to_seconds: later.rolling_seconds };
}

/** Amounts of one unit in windows of one kind may stand on one balance; others would be mixed up. */
const unitOf = ({ limit, rule }: Control): string =>
  limit
    ? `limit ${limit.type} in ${typeOf(limit).unit}, ${limit.window ? windowKind(limit.window) : 'now'}`
    : `rule ${rule?.type}`;

const keyOf = (control: Control): string =>
  `${unitOf(control)} ${canonicalText([control.limit?.window ?? null, control.limit?.count_per ?? null])}`;

/** In what a control may be like an earlier one, the surest first. */
const likenesses: ((control: Control) => string)[] = [
  ({ id: _, ...control }) => canonicalText(control),
  (control) => `${keyOf(control)} ${control.action}`,
  keyOf,
  (control) => `${unitOf(control)} ${control.limit?.count_per ?? ''}`,
  // Only to say of a limit that it starts from zero: of these none counts on.
  ({ limit, rule }) => `${limit?.type} ${rule?.type}`,
];
