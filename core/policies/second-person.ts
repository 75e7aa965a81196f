import { canonicalText } from '../base/canonical.ts';
import type { PolicyMode, PolicyStatus, StoredDocument } from './policy.ts';
import type { Target } from './target.ts';

/** A policy as far as it matters whether it is in force, and what it decides. */
export interface Standing {
  status: PolicyStatus;
  mode: PolicyMode;
  document: StoredDocument;
}

/** One version of a policy, newest first in a list of them. */
export interface WrittenVersion {
  author: string;
  /** It decides something else than the version before; the first one does. */
  is_written: boolean;
  is_enforced: boolean;
}

export const isEnforced = ({ status, mode }: Pick<Standing, 'status' | 'mode'>): boolean =>
  status === 'active' && mode === 'enforce';

/** Whether two documents decide alike: names, descriptions, owners, tags and the mode decide nothing. */
const decidesAlike = (a: StoredDocument, b: StoredDocument): boolean => deciding(a) === deciding(b);

const deciding = ({ name: _n, description: _d, owner: _o, tags: _t, mode: _m, ...rest }: StoredDocument): string =>
  canonicalText(rest);

/**
 * What a change brings in force: what somebody wrote before (`stored`), what the change itself says (`new`), or null:
 * nothing that was not in force.
 */
export function broughtInForce(before: Standing | null, after: Standing): 'stored' | 'new' | null {
  if (!isEnforced(after)) return null;
  if (before === null || !decidesAlike(before.document, after.document)) return 'new';
  return isEnforced(before) ? null : 'stored';
}

/**
 * Who wrote what a policy decides now: all who changed it since it was last enforced; where nobody has, those who wrote
 * what was enforced then.
 */
export function writersOf(newest_first: readonly WrittenVersion[]): string[] {
  const writers = new Set<string>();
  for (const { author, is_written, is_enforced } of newest_first) {
    if (is_enforced && writers.size > 0) break;
    if (is_written) writers.add(author);
  }
  return [...writers];
}

/** Whether calls of a project may meet a target; `key_projects`: projects of the keys it names, null for all of them. */
export function mayReach(
  { kind, ids, except_ids }: Target,
  project: { id: string; slug: string },
  key_projects: ReadonlyMap<string, string | null>,
): boolean {
  const isNamedIn = (names: readonly string[]) => names.includes(project.id) || names.includes(project.slug);
  if (isNamedIn(except_ids)) return false;
  if (kind === 'project') return isNamedIn(ids);
  if (kind !== 'api_key') return true;
  return ids.some((id) => (key_projects.get(id) ?? project.id) === project.id);
}
