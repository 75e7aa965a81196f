import type { PolicyObject } from '@aos/core/api/policies.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { StoredDocument } from '@aos/core/policies/policy.ts';
import { broughtInForce, isEnforced, mayReach, type Standing, writersOf } from '@aos/core/policies/second-person.ts';
import type { Target } from '@aos/core/policies/target.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { namesOfKeys, peopleBehind, projectsOfKeys } from '../store/people.ts';
import type { PolicyRow } from '../store/policies.ts';
import { writtenVersions } from '../store/policy-lists.ts';
import { type ProjectRow, projectsOfTwo } from '../store/projects.ts';
import { type Change, inTenant, recordAll } from './change.ts';
import { urlOf, visibleProject } from './read.ts';

/** A change of a policy, or a new one (`before` null). */
export interface Moved {
  before: PolicyRow | null;
  after: Standing;
  /** Where it was sent. */
  place?: string | undefined;
}

/** A change that somebody else must make. */
export interface OwnWork extends Moved {
  projects: Pick<ProjectRow, 'id' | 'slug'>[];
  /** Keys that wrote what would come in force. */
  writers: string[];
}

/** Nobody puts in force what they wrote themselves. Holds what the ledger says of the attempt. */
export class SecondPersonWanted extends Problem {
  readonly attempts: readonly Change[];

  constructor(message: string, attempts: readonly Change[], details?: Record<string, unknown>) {
    super('two_person_rule', message, details ? { details } : {});
    this.attempts = attempts;
  }
}

/** Does the work; an attempt that it refused is in the ledger before the refusal is answered. */
export async function noted<T>(context: Context, reason: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SecondPersonWanted) {
      const attempts = error.attempts.map((of) => ({ ...of, reason: reason ?? null }));
      await inTenant(context, (tx) => recordAll(tx, context, attempts));
    }
    throw error;
  }
}

/** Refuses all of the changes when one of them is the caller's own work and somebody else must make it. */
export async function refuseAuthors(tx: Tx, context: Context, moves: readonly Moved[]): Promise<void> {
  const own = await ownWorkIn(tx, context, moves);
  if (own.length === 0) return;
  const names = await namesOf(tx, context, own);
  const details = own.map((of) => ({
    policy_id: of.before?.id ?? null,
    name: of.after.document.name,
    projects: seenOf(context, of.projects),
    written_by: of.writers,
    url: of.before && urlOf(context, of.before.id),
  }));
  const said = own.map((of) => sentence(context, of, names));
  throw new SecondPersonWanted([...new Set(said)].join(' '), own.map(attemptOf), { refused: details });
}

/** Those of the changes that the caller may not make, because it is their own work. */
export async function ownWorkIn(tx: Tx, context: Context, moves: readonly Moved[]): Promise<OwnWork[]> {
  const coming = moves.flatMap((of) => {
    const brought = broughtInForce(of.before, of.after);
    return brought === null ? [] : [{ ...of, brought }];
  });
  const reach = coming.length > 0 ? await reachOf(tx, coming.flatMap(targetsOf)) : null;
  if (reach === null) return [];
  const { id } = context.identity.api_key;
  const stored = coming.flatMap(({ brought, before }) => (brought === 'stored' && before ? [before.id] : []));
  const versions = await writtenVersions(tx, stored);
  const isSelf = await samePerson(tx, context, [...versions.values()].flatMap(writersOf));
  return coming.flatMap(({ brought, ...of }) => {
    const projects = reach(targetsOf(of));
    const wrote = brought === 'new' ? [id] : writersOf(versions.get(of.before?.id ?? '') ?? []);
    const writers = brought === 'new' ? wrote : wrote.filter(isSelf);
    return projects.length > 0 && writers.length > 0 ? [{ ...of, projects, writers }] : [];
  });
}

/** What a change concerns: what is in force may also be taken from a project that asks for two people. */
const targetsOf = ({ before, after }: Moved): Target[] => [
  after.document.target,
  ...(before && isEnforced(before) ? [before.document.target] : []),
];

/** Which projects that ask for two people some targets may reach; null: no project asks. */
async function reachOf(tx: Tx, all: readonly Target[]) {
  const asking = await projectsOfTwo(tx);
  if (asking.length === 0) return null;
  const keys = all.flatMap(({ kind, ids }) => (kind === 'api_key' ? ids : []));
  const of_keys = keys.length > 0 ? await projectsOfKeys(tx, keys) : new Map<string, string | null>();
  return (targets: readonly Target[]) =>
    asking.filter((project) => targets.some((target) => mayReach(target, project, of_keys)));
}

/** Whether the person behind a key is the one who asks. */
async function samePerson(tx: Tx, { identity }: Context, keys: readonly string[]): Promise<(key: string) => boolean> {
  if (keys.length === 0) return () => false;
  const people = await peopleBehind(tx, [identity.api_key.id, ...keys]);
  const own = people.get(identity.api_key.id) ?? new Set();
  return (key) => key === identity.api_key.id || [...(people.get(key) ?? [])].some((person) => own.has(person));
}

const seenOf = (context: Context, projects: OwnWork['projects']): string[] => {
  const own = visibleProject(context);
  return projects.filter(({ id }) => own === null || id === own).map(({ slug }) => slug);
};

const namesOf = (tx: Tx, context: Context, own: readonly OwnWork[]) =>
  namesOfKeys(
    tx,
    own.flatMap(({ writers }) => writers),
    visibleProject(context),
  );

/** What keeps the caller from a change that is their own work. */
export const wantedSentence = async (tx: Tx, context: Context, own: OwnWork): Promise<string> =>
  sentence(context, own, await namesOf(tx, context, [own]));

/** Who wrote it, why that matters, and whom to ask. */
function sentence(context: Context, of: OwnWork, names: ReadonlyMap<string, string>): string {
  const { before, after, place } = of;
  const slugs = seenOf(context, of.projects);
  const where = slugs.length > 0 ? `${slugs.length > 1 ? 'projects' : 'project'} ${slugs.join(', ')}` : 'a project';
  const whose = of.writers.map((id) => names.get(id) ?? id).join(', ');
  const what = `${place ? `${place}: ` : ''}Policy "${after.document.name}" may reach calls of ${where}, where nobody puts in force what they wrote themselves`;
  if (before === null)
    return `${what}. Apply it with "status: draft" or "mode: shadow" and ask somebody else who may activate policies to enforce it.`;
  if (isEnforced(before))
    return `${what}, and an edit of what is enforced is in force at once. Save it as a policy of its own, as a draft or in shadow, and ask somebody else who may activate policies to enforce that one and disable this one: ${urlOf(context, before.id)}.`;
  const by = of.writers.includes(context.identity.api_key.id)
    ? `you wrote it (${whose})`
    : `${whose}, who wrote it, is the same person as you: a key acts for whoever made it`;
  return `${what}, and ${by}. Ask somebody else who may activate policies: ${urlOf(context, before.id)}. In shadow or as a draft it needs nobody else.`;
}

/** A new policy is not there, so the attempt is one on the project that asks for two people. */
function attemptOf({ before, after, projects, writers }: OwnWork): Change {
  const of_one = projects.length === 1 ? projects[0]?.id : null;
  return {
    event: 'POLICY_APPROVAL_REFUSED',
    object_type: before ? 'policy' : 'project',
    object_id: before?.id ?? projects[0]?.id ?? '',
    before: before && { version: before.version, status: before.status, mode: before.mode },
    after: {
      ...{ name: after.document.name, status: after.status, mode: after.mode },
      ...{ written_by: writers, projects: projects.map(({ slug }) => slug) },
    },
    ...(of_one != null && { project_id: of_one }),
  };
}

/** In which projects somebody else than the caller would have to enforce a document; null: in none. */
export async function othersWanted(
  tx: Tx,
  context: Context,
  { before, document }: { before: PolicyRow | null; document: StoredDocument },
): Promise<string[] | null> {
  const after = { status: 'active', mode: 'enforce', document } as const;
  const [own] = await ownWorkIn(tx, context, [{ before, after }]);
  return own ? seenOf(context, own.projects) : null;
}

/** Of policies that are not enforced: who wrote them, where that keeps these people from enforcing them. */
export async function secondPersons(
  tx: Tx,
  context: Context,
  rows: readonly PolicyRow[],
): Promise<Map<string, PolicyObject['second_person']>> {
  const open = rows.filter((row) => row.status !== 'retired' && !isEnforced(row));
  const reach =
    open.length > 0
      ? await reachOf(
          tx,
          open.map(({ document }) => document.target),
        )
      : null;
  if (reach === null) return new Map();
  const reached = open.filter(({ document }) => reach([document.target]).length > 0);
  const versions = await writtenVersions(
    tx,
    reached.map(({ id }) => id),
  );
  const writers = [...versions.values()].flatMap(writersOf);
  const [isSelf, names] = [
    await samePerson(tx, context, writers),
    await namesOfKeys(tx, writers, visibleProject(context)),
  ];
  return new Map(
    reached.map(({ id, document }) => {
      const keys = writersOf(versions.get(id) ?? []);
      const written_by = keys.map((key) => ({ id: key, name: names.get(key) ?? null }));
      return [id, { projects: seenOf(context, reach([document.target])), written_by, is_you: keys.some(isSelf) }];
    }),
  );
}
