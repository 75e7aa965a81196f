import { epochMs } from '../base/time.ts';
import { hasStarted } from './resolve.ts';
import type { ActivePolicy } from './snapshot.ts';
import { type TargetKind, target_kinds } from './target.ts';

type NamedKind = Exclude<TargetKind, 'all_runs'>;

/** Whom a subject's calls can be of, by kind: each with all its names. A kind that is absent is not known beforehand. */
export type Possible = Partial<Record<NamedKind, readonly (readonly string[])[]>>;

/** A policy as far as it matters whom it is about. */
export type Aimed = Pick<ActivePolicy, 'id' | 'mode'> & {
  name: string;
  target: Pick<ActivePolicy['document']['target'], 'kind' | 'ids' | 'except_ids'>;
  start_at: string | null;
  expires_at: string | null;
};

export interface Binding {
  id: string;
  name: string;
  mode: ActivePolicy['mode'];
  /** The kind of its target: how it comes to bind the subject. */
  by: TargetKind;
}

/**
 * Finds the policies that calls of a subject can meet, narrowest first. `when` is not looked at, since it is about the
 * call. Prepared once for all subjects of a list.
 */
export function bindingsAmong(policies: readonly Aimed[], at_ms: number): (of: Possible) => Binding[] {
  const aimed = policies
    .filter((of) => hasStarted(of, at_ms) && (of.expires_at === null || epochMs(of.expires_at) > at_ms))
    .map(({ id, name, mode, target: { kind, ids, except_ids } }) => ({
      binding: { id, name, mode, by: kind },
      ids: new Set(ids),
      except_ids: new Set(except_ids),
    }))
    .sort((a, b) => target_kinds.indexOf(a.binding.by) - target_kinds.indexOf(b.binding.by));
  return (of) =>
    aimed
      .filter(({ binding: { by }, ids, except_ids }) => {
        const takes =
          by === 'all_runs' || (of[by] ?? []).some((names) => hasAny(ids, names) && !hasAny(except_ids, names));
        return takes && !isExcepted(of, except_ids);
      })
      .map(({ binding }) => binding);
}

/** Whoever it is of: every one of a kind is excepted. */
const isExcepted = (of: Possible, except_ids: ReadonlySet<string>): boolean =>
  except_ids.size > 0 &&
  Object.values(of).some((known) => known.length > 0 && known.every((names) => hasAny(except_ids, names)));

const hasAny = (set: ReadonlySet<string>, names: readonly string[]): boolean => names.some((name) => set.has(name));
