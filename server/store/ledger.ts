import type { Json } from '@aos/core/base/json.ts';
import type { Tx } from '../base/database.ts';
import { gravityOf } from './incidents.ts';
import { jsonText } from './json-text.ts';

/** Who did what to which object, and what it was before and after. Written in the transaction of what it describes. */
export interface LedgerEntry {
  id: string;
  event: string;
  actor_type: 'human' | 'service' | 'system';
  actor_id: string;
  object_type: string;
  object_id: string;
  api_key_id: string | null;
  agent_id: string | null;
  project_id: string | null;
  run_id: string | null;
  before: Json | null;
  after: Json | null;
  reason: string | null;
  request_id: string | null;
  occurred_at: string;
}

const into = `insert into audit_ledger (tenant_id, id, event, actor_type, actor_id, object_type, object_id, api_key_id, agent_id,
    project_id, run_id, before, after, reason, request_id, occurred_at)`;
const entries_given = `jsonb_to_recordset($2) e(id text, event text, actor_type text, actor_id text, object_type text,
    object_id text, api_key_id text, agent_id text, project_id text, run_id text, before jsonb, after jsonb,
    reason text, request_id text, occurred_at timestamptz)`;
const append = `${into} select $1, e.* from ${entries_given}`;

/** Appends entries of one tenant to its ledger. */
export async function appendToLedger(tx: Tx, tenant_id: string, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.query(append, [tenant_id, jsonText(entries)], 'append_to_ledger');
}

/** Appends entries about incidents, each only when its incident exists under this id. */
export async function appendOpened(tx: Tx, tenant_id: string, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const opened = `${append} where exists (select from incidents i where i.tenant_id = $1 and i.id = e.object_id)`;
  await tx.query(opened, [tenant_id, jsonText(entries)], 'append_opened');
}

/**
 * Appends that incidents became graver, each only where one of its run and policy is there and was less grave; before it
 * is changed. The entry is about the one that is there.
 */
export async function appendRaised(tx: Tx, tenant_id: string, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.query(
    `${into} select $1, e.id, e.event, e.actor_type, e.actor_id, e.object_type, i.id, e.api_key_id, e.agent_id, e.project_id,
        e.run_id, jsonb_build_object('severity', i.severity, 'category', i.category, 'title', i.title, 'status', i.status),
        e.after, e.reason, e.request_id, e.occurred_at
      from ${entries_given}
      join incidents i on i.tenant_id = $1 and i.source_run_id = e.run_id
        and i.violation_policy_id = e.after ->> 'policy_id'
      where ${gravityOf("e.after ->> 'severity'")} > ${gravityOf('i.severity')}`,
    [tenant_id, jsonText(entries)],
    'append_raised',
  );
}

/**
 * Appends entries about alerts, each only when its alert exists under this id. A call that told an alert before its end
 * brings it along again when it is settled.
 */
export async function appendFired(tx: Tx, tenant_id: string, entries: readonly LedgerEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const fired = `${append} where exists (select from alerts a where a.tenant_id = $1 and a.id = e.object_id) on conflict do nothing`;
  await tx.query(fired, [tenant_id, jsonText(entries)], 'append_fired');
}
