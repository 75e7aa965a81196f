import type { Call } from '../activity/call.ts';
import { epochMs } from '../base/time.ts';
import type { StoredControl } from './control.ts';
import type { ActivePolicy, SnapshotDocument } from './snapshot.ts';
import { namesFor, narrows, type TargetKind, target_kinds } from './target.ts';

/** A control that applies to a call, with the policy it stands in. */
export interface Matched {
  policy: ActivePolicy;
  control: StoredControl;
}

/**
 * A snapshot prepared for many calls: policies are found by the names of a call, so that the cost of a decision follows
 * the policies that match and not all there are.
 */
export interface PolicyIndex {
  snapshot_id: string;
  for_all: ActivePolicy[];
  by_name: Map<string, ActivePolicy[]>;
}

const nameKey = (kind: TargetKind, name: string) => `${kind} ${name}`;

export function indexPolicies(snapshot_id: string, { policies }: SnapshotDocument): PolicyIndex {
  const index: PolicyIndex = { snapshot_id, for_all: [], by_name: new Map() };
  for (const policy of policies) {
    const { kind, ids } = policy.document.target;
    if (kind === 'all_runs') index.for_all.push(policy);
    for (const name of new Set(ids)) {
      const key = nameKey(kind, name);
      const found = index.by_name.get(key);
      if (found) found.push(policy);
      else index.by_name.set(key, [policy]);
    }
  }
  return index;
}

/** Every control that applies to the call at this instant. */
export function resolve(index: PolicyIndex, call: Call, at_ms: number): Matched[] {
  const matched: Matched[] = [];
  for (const policy of policiesFor(index, call)) {
    const { document } = policy;
    if (document.expires_at !== undefined && epochMs(document.expires_at) <= at_ms) continue;
    if (!narrows(document.target, call)) continue;
    for (const control of document.controls) matched.push({ policy, control });
  }
  return matched;
}

/** A policy may name a subject by id and by slug: it still applies once. */
function policiesFor(index: PolicyIndex, call: Call): Iterable<ActivePolicy> {
  const found = new Set(index.for_all);
  for (const kind of target_kinds) {
    for (const name of namesFor(kind, call) ?? []) {
      for (const policy of index.by_name.get(nameKey(kind, name)) ?? []) found.add(policy);
    }
  }
  return found;
}
