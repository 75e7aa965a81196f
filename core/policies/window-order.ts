import type { Window } from '../base/window.ts';
import { refuses } from './action.ts';
import { type Other, type PolicyFinding, there } from './beside.ts';
import type { Control } from './control.ts';
import { covers } from './covers.ts';
import { typeOf } from './limits/index.ts';
import type { PolicyDocument } from './policy.ts';
import { amountText, windowText } from './sentence.ts';

/**
 * Limits of one kind on one target of which the shorter window allows more than the longer one, which is then used up
 * first; within the policy, and between it and those in force. Also of a policy in shadow, before it is enforced.
 * Of controls at the paths `dead` it is told already that they can have no effect.
 */
export function windowOrder(
  document: PolicyDocument,
  others: readonly Other[],
  dead: ReadonlySet<string> = new Set(),
): PolicyFinding[] {
  const { target, controls } = document;
  const alike = others.filter(
    ({ document: of }) => of.mode !== 'shadow' && covers(of.target, target) && covers(target, of.target),
  );
  return controls.flatMap((control, n): PolicyFinding[] => {
    const path = `controls[${n}]`;
    if (dead.has(path)) return [];
    const before = controls.slice(0, n).map((of, m) => ({ of, name: `controls[${m}]` }));
    const own = before.filter(({ name }) => !dead.has(name));
    const theirs = alike.flatMap((other) => other.document.controls.map((of) => ({ of, name: there(other) })));
    const told = [...own, ...theirs].flatMap(({ of, name }) => wrongOrder(control, of, name) ?? []).at(0);
    return told === undefined ? [] : [{ level: 'warning', path, message: `${path}: ${told}` }];
  });
}

/** Calendar windows, the shortest first; weeks lie in no month. */
const lengths = ['minute', 'hour', 'day', 'month'];

function wrongOrder(control: Control, other: Control, name: string): string | null {
  const [own, their] = [control.limit, other.limit];
  if (!own || !their || typeOf(own) !== typeOf(their) || own.count_per !== their.count_per) return null;
  const longer = lengthOf(own.window, their.window);
  const type = typeOf(own);
  const more = type.cap(own) - type.cap(their);
  if (!((longer < 0 && more > 0n) || (longer > 0 && more < 0n))) return null;
  if (!refuses((longer > 0 ? control : other).action)) return null;
  const [mine, theirs] = [own, their].map((of) => `${amountText(type, of)}${windowText(of.window)}`);
  const compared = more > 0n ? 'more' : 'less';
  return `its ${mine} is ${compared} than the ${theirs} of ${name}: the longer window is used up first`;
}

/** Above 0: the first is longer; 0: they are of one length, or cannot be compared. */
function lengthOf(a: Window | undefined, b: Window | undefined): number {
  if (!a || !b || !('timezone' in a) || !('timezone' in b) || a.timezone !== b.timezone) return 0;
  const [of_a, of_b] = [lengths.indexOf(a.per), lengths.indexOf(b.per)];
  return of_a < 0 || of_b < 0 ? 0 : of_a - of_b;
}
