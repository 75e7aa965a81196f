import { mayDo } from '@aos/core/access/permission.ts';
import type { PlannedObject, policy_file_endpoints } from '@aos/core/api/policy-files.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Other, PolicyFinding } from '@aos/core/policies/beside.ts';
import { findingsOf } from '@aos/core/policies/check.ts';
import { identifyControls, replacedWords } from '@aos/core/policies/control-ids.ts';
import { slugOf } from '@aos/core/policies/file.ts';
import {
  changesBetween,
  type FromFile,
  isDrifted,
  type Planned,
  planFile,
  planRetired,
} from '@aos/core/policies/plan.ts';
import { sentenceOf } from '@aos/core/policies/sentence.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { carryOn } from '../store/carried-balances.ts';
import {
  activePolicies,
  changePolicy,
  createPolicy,
  currentSnapshot,
  markApplied,
  type PolicyRow,
  policiesById,
  policiesOfFiles,
} from '../store/policies.ts';
import { controlsEverOf, versionsOf } from '../store/policy-lists.ts';
import { inControl, inTenant, nowText } from './change.ts';
import { actOf, notYours } from './policies.ts';
import { readCases, testPolicies } from './policy-cases.ts';
import { callersFor, exposureOf } from './policy-exposure.ts';
import { factsFor } from './policy-facts.ts';
import { withLineages } from './policy-keys.ts';
import { urlOf } from './read.ts';
import { type ReadPolicy, readPolicies, refused } from './read-files.ts';
import { noted, ownWorkIn, refuseAuthors, wantedSentence } from './second-person.ts';

export const policy_file_handlers: Handlers<typeof policy_file_endpoints> = {
  async applyPolicies({ body }, context) {
    const read = readPolicies(body);
    if (body.prune && read.length === 0)
      throw new Problem(
        'invalid_body',
        'There is no policy in what was sent, so prune would retire every one that came from a file. Retire them one by one if that is meant.',
      );
    const how = { prune: body.prune, origin: body.origin ?? null };
    const looking = { ...how, dry_run: true };
    const planned = await inTenant(context, (tx) => plan(tx, context, read, looking));
    const is_idle = planned.steps.every(({ of }) => of.action === 'unchanged' && !isCaughtUp(of));
    if (body.dry_run || is_idle) return answerOf(context, planned, body.dry_run);
    return noted(context, body.reason, () =>
      inControl(context, async (tx) => {
        const again = await plan(tx, context, read, { ...how, dry_run: false });
        await carryOut(tx, context, again, { reason: body.reason, origin: how.origin });
        return answerOf(context, again, false);
      }),
    );
  },

  async testPolicies({ body }, context) {
    const policies = readPolicies(body);
    return testPolicies(context, policies, body.cases ?? readCases(body.cases_yaml ?? ''), body.with_active);
  },

  listPolicyDrift: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const rows = (await policiesOfFiles(tx)).filter((row) => row.applied_version !== null);
      const items = await Promise.all(rows.map((row) => driftOf(tx, context, row)));
      const asked = query.drifted === undefined ? items : items.filter((of) => of.drifted === query.drifted);
      return { items: asked, generated_at: nowText(context) };
    }),
};

/** One policy of the plan, with where it was sent and what speaks against it. */
interface Step {
  of: Planned;
  read: ReadPolicy | null;
  findings: PolicyFinding[];
  /** After it was carried out. */
  made: PolicyRow | null;
}

interface Plan {
  steps: Step[];
  not_sent: FromFile[];
}

const fromFile = (row: PolicyRow): FromFile => ({ ...row, slug: row.file_slug ?? slugOf(row.document.name) });

async function plan(
  tx: Tx,
  context: Context,
  read: readonly ReadPolicy[],
  { prune, dry_run }: { prune: boolean; dry_run: boolean },
): Promise<Plan> {
  const there = new Map((await policiesOfFiles(tx)).map((row) => [fromFile(row).slug, fromFile(row)]));
  const steps: Step[] = [];
  for (const policy of read) {
    const of = await planOne(tx, context, policy, there.get(policy.slug) ?? null);
    steps.push({ of, read: policy, findings: [], made: null });
    there.delete(policy.slug);
  }
  const left = [...there.values()];
  if (prune) for (const before of left) steps.push({ of: planRetired(before), read: null, findings: [], made: null });
  await check(tx, context, steps, dry_run);
  if (dry_run) await tellOwnWork(tx, context, steps);
  return { steps, not_sent: prune ? [] : left };
}

async function planOne(
  tx: Tx,
  context: Context,
  { slug, file, place }: ReadPolicy,
  before: FromFile | null,
): Promise<Planned> {
  const { status, ...written } = file;
  const has_ids = written.controls.some(({ id }) => id !== undefined);
  const present_controls = before?.document.controls ?? [];
  const ever =
    before && has_ids ? await controlsEverOf(tx, before.id) : new Map(present_controls.map((of) => [of.id, of]));
  try {
    const document = await withLineages(tx, written);
    const known = { ever, present: present_controls };
    const identified = identifyControls(document, known, () => context.deps.makeId('control'));
    return planFile({ slug, status: statusFor(status, before) }, identified, before);
  } catch (error) {
    if (error instanceof Problem) throw new Problem(error.code, `${place}: ${error.message}`);
    throw error;
  }
}

/** In force or not is what a file says; a policy that was in force is disabled, one that never was stays a draft. */
function statusFor(wanted: 'active' | 'disabled' | 'draft', before: FromFile | null) {
  if (wanted === 'active') return 'active';
  return before === null || before.status === 'draft' ? 'draft' : 'disabled';
}

/**
 * Refuses what may not be in force; notes what speaks against the rest beside everything that will be. Who called lately
 * is looked at while nothing waits for the answer.
 */
async function check(tx: Tx, context: Context, steps: readonly Step[], dry_run: boolean): Promise<void> {
  const replaced = new Set(steps.map(({ of }) => of.before?.id));
  const stay = (await activePolicies(tx)).filter(({ id }) => !replaced.has(id));
  const coming = steps.filter(({ of }) => of.status === 'active');
  const others: Other[] = [
    ...stay.map(({ id, document, mode }) => ({ id, document: { ...document, mode } })),
    ...coming.map(({ of }) => ({ id: of.before?.id ?? of.slug, document: of.document })),
  ];
  const told = steps.filter(({ of }) => of.action === 'create' || of.action === 'update');
  const { identity, deps } = context;
  const facts = await factsFor(
    tx,
    identity.tenant_id,
    told.map(({ of }) => of.document),
    deps.clock.now(),
  );
  for (const [n, step] of told.entries()) {
    const beside = others.filter(({ id }) => id !== (step.of.before?.id ?? step.of.slug));
    const { document } = step.of;
    const exposure = dry_run
      ? { exposure: await exposureOf(tx, context, document, await callersFor(tx, context, document.target)) }
      : {};
    const known = { ...present(facts[n], 'the facts of a policy'), ...exposure };
    step.findings = findingsOf(document, { ...known, others: beside });
  }
  const wrong = told.flatMap(({ of, read, findings }) =>
    findings
      .filter(({ level }) => level === 'refusal' && of.status === 'active')
      .map(({ path, message }) => ({ place: read?.place ?? of.slug, path, message })),
  );
  if (wrong.length > 0) throw refused(wrong);
}

/** What the steps do to policies, as they are. */
async function movesOf(tx: Tx, steps: readonly Step[]) {
  const changed = steps.filter(({ of }) => of.action !== 'unchanged');
  const rows = await policiesById(
    tx,
    changed.flatMap(({ of }) => of.before?.id ?? []),
  );
  return changed.map((step) => {
    const { before, status, document } = step.of;
    const row = before && present(rows.get(before.id), 'a policy of the plan');
    return { step, place: step.read?.place, before: row, after: { status, document, mode: document.mode } };
  });
}

/** Which policies somebody else would have to put in force. */
async function tellOwnWork(tx: Tx, context: Context, steps: readonly Step[]): Promise<void> {
  for (const { step, before, after } of await movesOf(tx, steps)) {
    const [own] = await ownWorkIn(tx, context, [{ before, after }]);
    if (!own) continue;
    const message = `apply will be refused. ${await wantedSentence(tx, context, own)}`;
    step.findings.push({ level: 'warning', path: 'status', message });
  }
}

/** Under the closed gate: every policy is as it was planned, or none is. */
async function carryOut(
  tx: Tx,
  context: Context,
  { steps }: Plan,
  { reason, origin }: { reason: string; origin: string | null },
) {
  const { tenant_id, role } = context.identity;
  const moves = await movesOf(tx, steps);
  for (const { step, before } of moves) {
    const { status, action, document } = step.of;
    const governs = status === 'active' || before?.status === 'active' || action === 'retire';
    if (governs && !mayDo(role, 'activate_policies')) throw notYours({ id: `"${document.name}"` });
  }
  await refuseAuthors(tx, context, moves);
  for (const { step, before } of moves) {
    step.made = await carryOutOne(tx, context, step.of, before, reason);
    if (step.of.action !== 'retire') await keepApplied(tx, step, step.made, origin);
  }
  for (const step of steps) if (isCaughtUp(step.of)) await keepApplied(tx, step, step.of.before, origin);
  await currentSnapshot(tx, tenant_id);
}

/** It was changed by hand, and now its file says the same. */
const isCaughtUp = (of: Planned): of is Planned & { before: FromFile } =>
  of.action === 'unchanged' && of.before !== null && isDrifted(of.before);

function keepApplied(
  tx: Tx,
  { of, read }: Step,
  { id, version }: Pick<FromFile, 'id' | 'version'>,
  origin: string | null,
): Promise<void> {
  const file_origin = [read?.origin, origin].filter((part) => part).join('@') || null;
  return markApplied(tx, { id, file_slug: of.slug, file_origin, version });
}

async function carryOutOne(
  tx: Tx,
  context: Context,
  of: Planned,
  before: PolicyRow | null,
  reason: string,
): Promise<PolicyRow> {
  const { deps, identity } = context;
  const act = actOf(context, reason);
  const { document, status } = of;
  const draft = { id: deps.makeId('policy'), source: 'file' as const, document };
  const row = before ?? (await createPolicy(tx, identity.tenant_id, draft, act));
  if (!before && status !== 'active') return row;
  const change = { event: eventOf(row, status), status, document } as const;
  const after = await changePolicy(tx, identity.tenant_id, row, change, act, true);
  await carryOn(tx, of, deps.clock.now());
  return after;
}

function eventOf({ status: from }: PolicyRow, to: Planned['status']) {
  if (to === 'retired') return 'POLICY_RETIRED';
  if (to === from) return 'POLICY_UPDATED';
  return to === 'active' ? 'POLICY_ACTIVATED' : 'POLICY_DISABLED';
}

function answerOf(context: Context, { steps, not_sent }: Plan, dry_run: boolean) {
  const count = (action: Planned['action']) => steps.filter(({ of }) => of.action === action).length;
  return {
    dry_run,
    counts: {
      create: count('create'),
      update: count('update'),
      unchanged: count('unchanged'),
      retire: count('retire'),
    },
    policies: steps.map((step) => shown(context, step)),
    not_sent: not_sent.map(({ id, slug, document }) => ({ policy_id: id, slug, name: document.name })),
  };
}

function shown(context: Context, { of, read, findings, made }: Step): PlannedObject {
  const policy_id = made?.id ?? of.before?.id ?? null;
  return {
    slug: of.slug,
    name: of.document.name,
    place: read?.place ?? null,
    action: of.action,
    policy_id,
    version: made?.version ?? of.before?.version ?? null,
    status_before: of.before?.status ?? null,
    status: made?.status ?? of.status,
    drifted: of.action !== 'unchanged' && of.before !== null && isDrifted(of.before),
    changes: of.changes,
    warnings: [...replacedWords(of, made !== null), ...findings.map(({ message }) => message)],
    sentence: sentenceOf(of.document),
    url: policy_id && urlOf(context, policy_id),
  };
}

async function driftOf(tx: Tx, context: Context, row: PolicyRow) {
  const { slug, ...policy } = fromFile(row);
  const applied_version = row.applied_version ?? row.version;
  const [applied] = isDrifted(policy) ? await versionsOf(tx, row.id, [applied_version]) : [];
  const changes = applied ? changesBetween(applied, row) : [];
  return {
    policy_id: row.id,
    slug,
    name: row.document.name,
    origin: row.file_origin,
    status: row.status,
    applied_version: row.applied_version,
    version: row.version,
    drifted: changes.length > 0,
    changes,
    url: urlOf(context, row.id),
  };
}
