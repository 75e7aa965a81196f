import type { Call } from '../activity/call.ts';
import { epochMs } from '../base/time.ts';
import type { StoredControl } from './control.ts';
import { exemptionOf } from './exemption.ts';
import type { ActivePolicy, SnapshotDocument } from './snapshot.ts';
import { type Narrowed, namesFor, narrowedBy, type TargetKind, target_kinds } from './target.ts';

/** A control that applies to a call, with the policy it stands in. */
export interface Matched {
  policy: ActivePolicy;
  control: StoredControl;
  /** The question to a person whose answer, or lack of one, stands in for the control's action. */
  ruled_by?: string;
}

/** A policy with its controls, as they are matched again and again. */
interface Indexed {
  policy: ActivePolicy;
  matched: readonly Matched[];
  /** Its dates, exceptions and `when` are looked at; a policy without any applies to whoever it names. */
  is_narrowed: boolean;
}

/**
 * A snapshot prepared for many calls: policies are found by the names of a call, so that the cost of a decision follows
 * the policies that match and not all there are.
 */
export interface PolicyIndex {
  snapshot_id: string;
  for_all: Indexed[];
  by_name: Record<NamedKind, Map<string, Indexed[]>>;
  /** Some of them are in shadow. */
  has_shadows: boolean;
}

type NamedKind = Exclude<TargetKind, 'all_runs'>;
const named_kinds = target_kinds.filter((kind): kind is NamedKind => kind !== 'all_runs');

/** Sorts policies by what their targets name, so that a call looks only at those that can be about it. */
export function indexPolicies(snapshot_id: string, { policies }: SnapshotDocument): PolicyIndex {
  const by_name = { actor: new Map(), api_key: new Map(), agent: new Map(), project: new Map() };
  const index: PolicyIndex = {
    snapshot_id,
    for_all: [],
    by_name,
    has_shadows: policies.some(({ mode }) => mode === 'shadow'),
  };
  for (const policy of policies) {
    const { kind, ids } = policy.document.target;
    const indexed = indexedOf(policy);
    if (kind === 'all_runs') {
      index.for_all.push(indexed);
      continue;
    }
    const named = index.by_name[kind];
    for (const name of new Set(ids)) {
      const found = named.get(name);
      if (found) found.push(indexed);
      else named.set(name, [indexed]);
    }
  }
  return index;
}

function indexedOf(policy: ActivePolicy): Indexed {
  const { document, exemptions } = policy;
  const { except_ids, when } = document.target;
  const has_exceptions = except_ids.length > 0 || (exemptions !== undefined && exemptions.length > 0);
  const is_timed = document.start_at !== undefined || document.expires_at !== undefined;
  const is_narrowed = is_timed || when !== undefined || has_exceptions;
  return { policy, matched: document.controls.map((control) => ({ policy, control })), is_narrowed };
}

/** Every control that applies to the call at this instant. */
export function resolve(index: PolicyIndex, call: Call, at_ms: number): Matched[] {
  const matched: Matched[] = [];
  for (const of of indexedFor(index, call)) {
    if (of.is_narrowed && keptOut(of.policy, call, at_ms) !== null) continue;
    for (const each of of.matched) matched.push(each);
  }
  return matched;
}

/** Whether a policy decides by this instant: from its start on, or as soon as it is active. */
export const hasStarted = ({ start_at }: { start_at?: string | null | undefined }, at_ms: number): boolean =>
  start_at === undefined || start_at === null || epochMs(start_at) <= at_ms;

/** Why a policy whose target names the call does not apply to it at this instant; null: it applies. */
export function keptOut(
  { document, exemptions }: ActivePolicy,
  call: Call,
  at_ms: number,
): 'scheduled' | 'expired' | 'exempted' | Narrowed | null {
  if (!hasStarted(document, at_ms)) return 'scheduled';
  if (document.expires_at !== undefined && epochMs(document.expires_at) <= at_ms) return 'expired';
  if (exemptionOf(exemptions, call, at_ms)) return 'exempted';
  return narrowedBy(document.target, call);
}

/** Policies whose target names the call. */
export const policiesFor = (index: PolicyIndex, call: Call): ActivePolicy[] =>
  indexedFor(index, call).map(({ policy }) => policy);

/** Every policy of a snapshot, once. */
export function everyPolicy({ for_all, by_name }: PolicyIndex): ActivePolicy[] {
  const named = named_kinds.flatMap((kind) => [...by_name[kind].values()].flat());
  return [...new Set([...for_all, ...named].map(({ policy }) => policy))];
}

/** One may name a subject by id and by slug: it still applies once. */
function indexedFor(index: PolicyIndex, call: Call): Indexed[] {
  const found = index.for_all.slice();
  for (const kind of named_kinds) {
    const of_kind = index.by_name[kind];
    if (of_kind.size === 0) continue;
    const first = found.length;
    for (const name of namesFor(kind, call) ?? []) {
      for (const of of of_kind.get(name) ?? []) if (!found.includes(of, first)) found.push(of);
    }
  }
  return found;
}
