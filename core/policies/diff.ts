import { canonicalText } from '../base/canonical.ts';
import type { Control } from './control.ts';
import { controlWords, fieldWords, type Names, valueWords } from './diff-words.ts';
import type { PolicyDocument } from './policy.ts';

/** One difference between two documents of a policy, as data and in words. */
export interface FieldChange {
  /** Of the document after; of what was removed, before. For example `controls[0].limit.max`. */
  path: string;
  change: 'added' | 'removed' | 'changed';
  before: unknown;
  after: unknown;
  words: string;
}

/** What a document is compared as: with the ids of its controls where they are known. */
type Compared = Omit<PolicyDocument, 'controls'> & { controls: (Control & { id?: string | undefined })[] };

/**
 * Field by field what turns one document into the other. Controls are compared by their ids, lists of names as sets:
 * their order says nothing. Equal documents have no differences. `names`: what ids in them are called.
 */
export function diffDocuments(before: Compared, after: Compared, names: Names = new Map()): FieldChange[] {
  const { controls: old_controls, ...old } = before;
  const { controls: new_controls, ...fresh } = after;
  const whole: Place = { at: '', label: '', before: null, after: null, names };
  return [...diffValues('', whole, old, fresh), ...diffControls(old_controls, new_controls, names)];
}

/** Whose fields are compared: those of the policy, or of one of its controls. */
interface Place {
  /** Its path. */
  at: string;
  label: string;
  before: Control | null;
  after: Control | null;
  names: Names;
}

function diffControls(before: Compared['controls'], after: Compared['controls'], names: Names): FieldChange[] {
  const without = ({ id: _, ...control }: Compared['controls'][number]) => control;
  const earlier = new Map(before.map((control, n) => [control.id ?? `${n}`, { control, n }]));
  const later = new Set(after.map((control, n) => control.id ?? `${n}`));
  const placed = (control: Control, n: number, all: Compared['controls']) => ({
    ...{ at: `controls[${n}]`, label: controlWords(control, n, all.length), names },
  });
  const kept = after.flatMap((control, n) => {
    const found = earlier.get(control.id ?? `${n}`);
    const place = { ...placed(control, n, after), before: found?.control ?? null, after: control };
    if (!found) return [changeOf('', place, undefined, without(control))];
    return diffValues('', place, without(found.control), without(control));
  });
  const gone = [...earlier].filter(([id]) => !later.has(id));
  return [
    ...kept,
    ...gone.map(([, { control, n }]) =>
      changeOf('', { ...placed(control, n, before), before: control, after: null }, without(control), undefined),
    ),
  ];
}

/** `path`: within the place. */
function diffValues(path: string, place: Place, before: unknown, after: unknown): FieldChange[] {
  if (sameValue(before, after)) return [];
  if (isList(before) && isList(after)) return diffLists(path, place, before, after);
  if (!isMembers(before) || !isMembers(after)) return [changeOf(path, place, before, after)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    diffValues(path === '' ? name : `${path}.${name}`, place, before[name], after[name]),
  );
}

/** Lists of names are sets: what came and what went. */
function diffLists(path: string, place: Place, before: unknown[], after: unknown[]): FieldChange[] {
  const added = after.filter((item) => !before.some((other) => sameValue(item, other)));
  const removed = before.filter((item) => !after.some((other) => sameValue(item, other)));
  if (added.length > most_items || removed.length > most_items) return [changeOf(path, place, before, after)];
  return [
    ...removed.map((item) => changeOf(path, place, item, undefined)),
    ...added.map((item) => changeOf(path, place, undefined, item)),
  ];
}

const most_items = 20;

function changeOf(within: string, place: Place, before: unknown, after: unknown): FieldChange {
  const { at, names } = place;
  const path = [at, within].filter((part) => part !== '').join('.');
  const field = within === '' ? '' : fieldWords(within, at !== '');
  const label = [place.label, field].filter((part) => part !== '').join(': ');
  const shown = (value: unknown, control: Control | null) => valueWords(within, value, control, names);
  if (before === undefined)
    return { path, change: 'added', before: null, after, words: `${label}: ${shown(after, place.after)} added` };
  if (after === undefined)
    return { path, change: 'removed', before, after: null, words: `${label}: ${shown(before, place.before)} removed` };
  const words = `${label}: ${shown(before, place.before)} becomes ${shown(after, place.after)}`;
  return { path, change: 'changed', before, after, words };
}

const sameValue = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalText(a) === canonicalText(b));

const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isMembers = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
