import type { Call } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { sibling } from '@aos/core/base/id.ts';
import type { PageQuery } from '@aos/core/base/page.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { type LlmRunRecord, llm_run_record } from '@aos/core/logs/llm-run-record.ts';
import type { Contribution } from '@aos/core/policies/decide.ts';
import { type DecisionObject, decision_object } from '@aos/core/policies/decision-object.ts';
import { derivedDecision, held_line } from '@aos/core/policies/derive.ts';
import type { SnapshotDocument } from '@aos/core/policies/snapshot.ts';
import { toldToCaller } from '@aos/core/policies/told.ts';
import { z } from 'zod';
import type { Row, Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { findDecision, listDecisions, snapshotsOf } from '../store/decisions-read.ts';
import { cursorOf } from '../store/list.ts';
import { knownNames, lineagesOf } from '../store/policy-names.ts';
import { found } from './change.ts';
import { mayRead, pageOf, urlOf, visibleProject, visibleRun } from './read.ts';

export async function getDecision(tx: Tx, context: Context, id: string): Promise<DecisionObject> {
  const { tenant_id } = context.identity;
  const row = found(
    await findDecision(tx, tenant_id, id, visibleProject(context)),
    'decision',
    '/api/v1/runs/{id}/decisions',
  );
  if (!mayRead(context)) await refuseOthers(tx, context, row);
  return shower(context, await snapshotsFor(tx, tenant_id, [row]))(row);
}

/** A key that reads no more than its own sees what was decided about its calls, and in the runs that it began. */
async function refuseOthers(tx: Tx, context: Context, { api_key_id, run_id }: Row): Promise<void> {
  const key_id = String(api_key_id);
  const lineages = await lineagesOf(tx, [key_id]);
  if (lineages.get(key_id) !== context.identity.api_key.lineage_id) await visibleRun(tx, context, String(run_id));
}

export async function listRunDecisions(tx: Tx, context: Context, run_id: string, query: PageQuery) {
  const { tenant_id } = context.identity;
  const page = { limit: query.limit, cursor: cursorOf('decision', query.cursor) };
  const slice = await listDecisions(tx, { tenant_id, run_id }, page);
  return pageOf(context, slice, shower(context, await snapshotsFor(tx, tenant_id, slice.rows)));
}

/** Only plain allows are derived, so only they need the policies that were in force. */
function snapshotsFor(tx: Tx, tenant_id: string, rows: readonly Row[]): Promise<Map<string, SnapshotDocument>> {
  const ids = rows.filter((row) => row.derived).map((row) => String(row.policy_snapshot_id));
  return snapshotsOf(tx, tenant_id, ids);
}

const shower = (context: Context, snapshots: ReadonlyMap<string, SnapshotDocument>) => (row: Row) => {
  const whole = row.derived
    ? derived(context, row, snapshots)
    : decision_object.parse({ ...row, url: urlOf(context, row.id) });
  return mayRead(context)
    ? whole
    : { ...whole, contributions: whole.contributions.map((of) => toldToCaller(of as Contribution)) };
};

/** The decision that a record of a plain allow stands for, in the shape of a stored one. */
function derived(context: Context, row: Row, snapshots: ReadonlyMap<string, SnapshotDocument>): DecisionObject {
  const record = llm_run_record.parse({ ...row, url: '' });
  const id = sibling(record.id, 'decision');
  const snapshot_id = present(record.policy_snapshot_id, 'the snapshot of a call that was decided');
  const decision = derivedDecision({
    snapshot_id,
    snapshot: present(snapshots.get(snapshot_id), `snapshot ${snapshot_id}`),
    call: callOf(record, row),
    held: held_line.array().parse(record.holds),
    at_ms: epochMs(record.admitted_at),
  });
  return decision_object.parse({
    ...record,
    id,
    record_id: record.id,
    verdict: decision.verdict,
    code: decision.deciding?.code ?? null,
    policy_id: decision.deciding?.policy_id ?? null,
    control_id: decision.deciding?.control_id ?? null,
    call: { kind: 'llm', provider: record.provider, model: record.model, tags: record.tags, wire: record.wire },
    contributions: decision.contributions,
    decided_at: record.admitted_at,
    derived: true,
    incident_ids: row.incident_ids,
    url: urlOf(context, id),
  });
}

const named = (id: string | null, slug: string | null) => (id === null ? null : { id, slug: slug ?? id });

/** The call of a decision, as far as it is kept. */
export async function decidedCall(tx: Tx, of: DecisionObject): Promise<Call> {
  const kept = kept_call.parse(of.call);
  const [lineages, actors] = await Promise.all([
    lineagesOf(tx, [of.api_key_id]),
    knownNames(tx, of.actor_id === null ? [] : [of.actor_id]),
  ]);
  const actor = named(of.actor_id, of.actor_slug);
  const kind = actors.find((known) => known.kind === 'actor')?.actor_kind ?? 'human';
  return {
    ...kept,
    kind: 'llm',
    asker: {
      tenant_id: of.tenant_id,
      project: { id: of.project_id, slug: of.project_slug ?? of.project_id },
      api_key: { id: of.api_key_id, lineage_id: lineages.get(of.api_key_id) ?? of.api_key_id },
      agent: named(of.agent_id, of.agent_slug),
      actor: actor && { ...actor, kind },
      session: named(of.session_id, null),
      run_id: of.run_id ?? '',
    },
  };
}

const kept_call = z.object({
  provider: z.string().default(''),
  model: z.string().default(''),
  tools: z.array(z.string()).default([]),
  tags: z.record(z.string(), z.string()).default({}),
});

/** What of a call its record keeps. Names of tools are not recorded. */
function callOf(record: LlmRunRecord, row: Row): Call {
  const actor = named(record.actor_id, record.actor_slug);
  const kind = row.actor_kind === 'service' || row.actor_kind === 'system' ? row.actor_kind : 'human';
  return {
    kind: 'llm',
    provider: record.provider,
    model: record.model,
    tools: [],
    tags: record.tags,
    asker: {
      tenant_id: record.tenant_id,
      project: { id: record.project_id, slug: record.project_slug ?? record.project_id },
      api_key: { id: record.api_key_id, lineage_id: String(row.lineage_id ?? record.api_key_id) },
      agent: named(record.agent_id, record.agent_slug),
      actor: actor && { ...actor, kind },
      session: named(record.session_id, null),
      run_id: record.run_id,
    },
  };
}
