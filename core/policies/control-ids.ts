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
 * as long as it counts the same; one without an id that stands unchanged but for its cap, action or alerts is taken for
 * the control it was. `ever` holds all controls the policy had, `present` those it has now.
 * @throws Problem `invalid_body` for ids that the policy never had, and for two controls with one id.
 */
export function identifyControls(
  written: PolicyDocument,
  { ever, present }: { ever: ReadonlyMap<string, StoredControl>; present: readonly StoredControl[] },
  newId: () => string,
): Identified {
  refuseStrangers(written.controls, ever);
  const sent = new Set(written.controls.map(({ id }) => id));
  const open = present.filter(({ id }) => !sent.has(id));
  const nameless = written.controls.filter(({ id }) => id === undefined);
  const replaced: Identified['replaced'] = [];
  const controls = written.controls.map((control, n): StoredControl => {
    if (control.id === undefined) return { ...control, id: onlyTwin(control, open, nameless)?.id ?? newId() };
    const before = ever.get(control.id);
    if (before && countsAs(before, control)) return { ...control, id: control.id };
    const new_id = newId();
    replaced.push({
      place: `controls[${n}]`,
      old_id: control.id,
      new_id,
      finer: before ? finerOf(before, control) : null,
    });
    return { ...control, id: new_id };
  });
  return { document: { ...written, controls }, replaced };
}

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

/** The one control among those left over that counts the same for the same, if no other written one does. */
function onlyTwin(
  control: Control,
  open: readonly StoredControl[],
  nameless: readonly Control[],
): StoredControl | undefined {
  const like = keyOf(control);
  const twins = open.filter((of) => keyOf(of) === like);
  const rivals = nameless.filter((of) => keyOf(of) === like);
  return twins.length === 1 && rivals.length === 1 ? twins[0] : undefined;
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
