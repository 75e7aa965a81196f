import type { Concerned } from '@aos/core/activity/signal-look.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { TenantControl } from '../../govern/control.ts';
import type { NamedSubject } from '../../store/signal-sources.ts';

/** Who a subject of a kind is, by its id or slug: an agent and an actor may have the same slug. */
export type Names = (kind: string, name: string) => NamedSubject | undefined;

export function namesAmong(subjects: readonly NamedSubject[]): Names {
  const by_name = new Map<string, NamedSubject>(
    subjects.flatMap((of) => [of.slug, of.id].map((name) => [`${of.kind} ${name}`, of] as const)),
  );
  return (kind, name) => by_name.get(`${kind} ${name}`);
}

/**
 * Whom a signal about a policy concerns: the subject it is counted for, else the only one that the policy is for. A
 * policy of several projects, or of all, belongs to none of them.
 */
export function concernedBy(
  control: TenantControl,
  policy: ActivePolicy,
  names: Names,
  counted: NamedSubject | undefined,
): Partial<Concerned> {
  const { kind, ids } = policy.document.target;
  const [only] = ids.length === 1 ? ids : [];
  const target = only === undefined ? undefined : names(kind, only);
  const project_id = counted?.project_id ?? target?.project_id ?? null;
  const agent = [counted, target].find((of) => of?.kind === 'agent');
  return { policy_id: policy.id, project_id, agent_id: agent?.id ?? null, ...syntheticIn(control, project_id) };
}

/** What happens in the project of a demo or a scenario is synthetic. */
const syntheticIn = ({ projects }: TenantControl, project_id: string | null): { is_synthetic: boolean } => ({
  is_synthetic: project_id !== null && (projects.get(project_id)?.synthetic_scenario_id ?? null) !== null,
});
