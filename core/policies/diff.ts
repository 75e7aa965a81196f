import { canonicalText } from '../base/canonical.ts';
import type { Control } from './control.ts';
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
 * their order says nothing. Equal documents have no differences.
 */
export function diffDocuments(before: Compared, after: Compared): FieldChange[] {
  const { controls: old_controls, ...old } = before;
  const { controls: new_controls, ...fresh } = after;
  return [...diffValues('', '', old, fresh), ...diffControls(old_controls, new_controls)];
}

function diffControls(before: Compared['controls'], after: Compared['controls']): FieldChange[] {
  const without = ({ id: _, ...control }: Compared['controls'][number]) => control;
  const earlier = new Map(before.map((control, n) => [control.id ?? `${n}`, { control, n }]));
  const later = new Set(after.map((control, n) => control.id ?? `${n}`));
  const kept = after.flatMap((control, n) => {
    const found = earlier.get(control.id ?? `${n}`);
    const path = `controls[${n}]`;
    const label = `${path} (${typeOf(control)})`;
    if (!found) return [changeOf(path, label, undefined, without(control))];
    return diffValues(path, `${label}: `, without(found.control), without(control));
  });
  const gone = [...earlier].filter(([id]) => !later.has(id));
  return [
    ...kept,
    ...gone.map(([, { control, n }]) =>
      changeOf(`controls[${n}]`, `controls[${n}] (${typeOf(control)})`, without(control), undefined),
    ),
  ];
}

const typeOf = ({ limit, rule }: Control): string => limit?.type ?? rule?.type ?? 'control';

/** `label` stands before the name of a member in words; it takes the place of the path above it. */
function diffValues(path: string, label: string, before: unknown, after: unknown): FieldChange[] {
  if (sameValue(before, after)) return [];
  if (isList(before) && isList(after)) return diffLists(path, label, before, after);
  if (!isMembers(before) || !isMembers(after)) return [changeOf(path, label, before, after)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    diffValues(
      path === '' ? name : `${path}.${name}`,
      label.endsWith(': ') || label === '' ? `${label}${name}` : `${label}.${name}`,
      before[name],
      after[name],
    ),
  );
}

/** Lists of names are sets: what came and what went. */
function diffLists(path: string, label: string, before: unknown[], after: unknown[]): FieldChange[] {
  const added = after.filter((item) => !before.some((other) => sameValue(item, other)));
  const removed = before.filter((item) => !after.some((other) => sameValue(item, other)));
  if (added.length > most_items || removed.length > most_items) return [changeOf(path, label, before, after)];
  return [
    ...removed.map((item) => changeOf(path, label, item, undefined)),
    ...added.map((item) => changeOf(path, label, undefined, item)),
  ];
}

const most_items = 20;

function changeOf(path: string, label: string, before: unknown, after: unknown): FieldChange {
  if (before === undefined)
    return { path, change: 'added', before: null, after, words: `${label}: ${shown(after)} added` };
  if (after === undefined)
    return { path, change: 'removed', before, after: null, words: `${label}: ${shown(before)} removed` };
  return { path, change: 'changed', before, after, words: `${label}: ${shown(before)} becomes ${shown(after)}` };
}

const longest_shown = 200;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? `"${value}"` : canonicalText(value);
  return text.length > longest_shown ? `${text.slice(0, longest_shown)}…` : text;
}

const sameValue = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalText(a) === canonicalText(b));

const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isMembers = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
