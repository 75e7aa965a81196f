import type { Concerned } from '@aos/core/activity/signal-look.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { TenantControl } from '../../govern/control.ts';
import type { NamedSubject } from '../../store/signal-sources.ts';

/** Subjects by id and by slug. */
export type Names = ReadonlyMap<string, NamedSubject>;

export const namesAmong = (subjects: readonly NamedSubject[]): Names =>
  new Map(subjects.flatMap((of) => [[of.slug, of] as const, [of.id, of] as const]));

/**
 * Whom a signal about a policy concerns: the subject it is counted for, else the only one that the policy is for. A
 * policy of several projects, or of all, belongs to none of them.
 */
export function concernedBy(
  control: TenantControl,
  policy: ActivePolicy,
  names: Names,
  subject: string | null,
): Partial<Concerned> {
  const { kind, ids } = policy.document.target;
  const [only] = ids.length === 1 ? ids : [];
  const counted = subject === null ? undefined : names.get(subject);
  const meant = only === undefined ? undefined : names.get(only);
  const target = meant?.kind === kind ? meant : undefined;
  const project_id = counted?.project_id ?? target?.project_id ?? null;
  const agent = [counted, target].find((of) => of?.kind === 'agent');
  return { policy_id: policy.id, project_id, agent_id: agent?.id ?? null, ...syntheticIn(control, project_id) };
}

/** What happens in the project of a demo or a scenario is synthetic. */
const syntheticIn = ({ projects }: TenantControl, project_id: string | null): { is_synthetic: boolean } => ({
  is_synthetic: project_id !== null && (projects.get(project_id)?.synthetic_scenario_id ?? null) !== null,
});
