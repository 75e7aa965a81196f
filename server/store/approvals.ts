import type { Approval, Ruling } from '@aos/core/policies/approval.ts';
import type { Tx } from '../base/database.ts';
import type { Page, Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

const columns = `id, status, policy_id, policy_name, policy_version, control_id, subject, run_id, project_id, agent_id,
  actor_id, api_key_id, question, unit, limit_value, used, requested, ask, on_timeout, created_at, expires_at,
  valid_until, decided_at, decided_by, decision_reason, override_id,
  (select r.ended_at from runs r where r.tenant_id = approvals.tenant_id and r.id = approvals.run_id) as run_ended_at`;

type Asked = Omit<
  Approval,
  'status' | 'decided_at' | 'decided_by' | 'decision_reason' | 'override_id' | 'run_ended_at'
>;

/** Asks, unless the same question is open or the run has ended: then the answer is undefined. */
export async function askApproval(tx: Tx, tenant_id: string, of: Asked): Promise<Approval | undefined> {
  const [row] = await tx.query<Approval>(
    `insert into approvals (tenant_id, status, id, policy_id, policy_name, policy_version, control_id, subject, run_id,
        project_id, agent_id, actor_id, api_key_id, question, unit, limit_value, used, requested, ask, on_timeout,
        created_at, expires_at, valid_until)
      select $1, 'pending', $2, $3, $4, $5::int, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
          $20::timestamptz, $21::timestamptz, $22::timestamptz
        where not exists (select from runs r where r.tenant_id = $1 and r.id = $8
          and r.status not in ('queued', 'running', 'retry'))
      on conflict (tenant_id, control_id, subject) where status = 'pending' do nothing returning ${columns}`,
    [
      tenant_id,
      ...[of.id, of.policy_id, of.policy_name, of.policy_version, of.control_id, of.subject, of.run_id],
      ...[of.project_id, of.agent_id, of.actor_id, of.api_key_id, of.question, of.unit],
      ...[of.limit_value, of.used, of.requested, of.ask, of.on_timeout],
      ...[of.created_at, of.expires_at, of.valid_until],
    ],
  );
  return row;
}

/** Questions whose answers hold now: part of what decides about every call. */
export function rulings(tx: Tx, at: string): Promise<Ruling[]> {
  return tx.query<Ruling>(
    `select id, status, control_id, subject, run_id, on_timeout, expires_at, valid_until, override_id from approvals
      where tenant_id = current_tenant() and valid_until > $1 and status <> 'withdrawn' order by id desc`,
    [at],
  );
}

export async function findApproval(tx: Tx, id: string, project_id: string | null): Promise<Approval | undefined> {
  const [row] = await tx.query<Approval>(
    `select ${columns} from approvals
      where tenant_id = current_tenant() and id = $1 and ($2::text is null or project_id = $2)`,
    [id, project_id],
  );
  return row;
}

export function listApprovals(
  tx: Tx,
  of: { status?: string[] | undefined; run_id?: string | undefined; project_id: string | null },
  page: Page,
): Promise<Slice> {
  const filter = ofTenant()
    .among('status', of.status)
    .where('run_id = ?', of.run_id)
    .where('project_id = ?', of.project_id ?? undefined);
  return readNewest(tx, { table: 'approvals', columns, filter }, page);
}

/** Undefined: it is not open any more. */
export async function decideApproval(
  tx: Tx,
  of: { id: string; status: 'approved' | 'denied'; at: string; by: string; reason: string; override_id: string | null },
): Promise<Approval | undefined> {
  const [row] = await tx.query<Approval>(
    `update approvals set status = $2, decided_at = $3, decided_by = $4, decision_reason = $5, override_id = $6
      where tenant_id = current_tenant() and id = $1 and status = 'pending' and expires_at > $3 returning ${columns}`,
    [of.id, of.status, of.at, of.by, of.reason, of.override_id],
  );
  return row;
}

/**
 * Of what is in flight, a question that nobody has to answer: there is room for what was asked, its run has its place by
 * now, or has ended.
 */
const is_moot = `unit in ('calls', 'runs') and exists (select from balances b
    where b.tenant_id = approvals.tenant_id and b.control_id = approvals.control_id and b.subject = approvals.subject
      and b.window_start = 'epoch' and (b.posted + b.pending + requested::numeric <= limit_value::numeric
        or exists (select from runs r where r.tenant_id = approvals.tenant_id and r.id = approvals.run_id
          and r.status not in ('queued', 'running', 'retry'))
        or exists (select from run_places p where p.tenant_id = approvals.tenant_id and p.run_id = approvals.run_id
          and p.control_id = approvals.control_id and p.subject = approvals.subject and not p.is_over)))`;

/** Whether an open question has been overtaken, by time or by what has happened since. */
export async function approvalsDue(tx: Tx, at: string): Promise<boolean> {
  const rows = await tx.query(
    `select from approvals
      where tenant_id = current_tenant() and status = 'pending' and (expires_at <= $1 or ${is_moot}) limit 1`,
    [at],
  );
  return rows.length > 0;
}

/** Closes questions that nobody has to answer any more; each is answered to one caller only. */
export function withdrawMoot(tx: Tx, at: string): Promise<Approval[]> {
  return tx.query<Approval>(
    `update approvals set status = 'withdrawn', decided_at = $1
      where tenant_id = current_tenant() and status = 'pending' and expires_at > $1 and ${is_moot} returning ${columns}`,
    [at],
  );
}

/** Questions that calls of runs asked: all of them, or those that are about these runs and nothing else. */
export type AskedBy = 'runs' | 'runs_alone';

const asked_by: Record<AskedBy, string> = {
  runs: 'run_id = any ($1)',
  runs_alone: 'run_id = any ($1) and position(run_id in subject) > 0',
};

export async function isAskedAbout(tx: Tx, run_ids: readonly string[], by: AskedBy): Promise<boolean> {
  const rows = await tx.query(
    `select from approvals where tenant_id = current_tenant() and status = 'pending' and ${asked_by[by]} limit 1`,
    [run_ids],
  );
  return rows.length > 0;
}

/** Closes questions of runs that end; each is answered to one caller only. */
export function withdrawOfRuns(tx: Tx, run_ids: readonly string[], by: AskedBy, at: string): Promise<Approval[]> {
  return tx.query<Approval>(
    `update approvals set status = 'withdrawn', decided_at = $2
      where tenant_id = current_tenant() and status = 'pending' and ${asked_by[by]} returning ${columns}`,
    [run_ids, at],
  );
}

/** Marks questions that nobody answered in time; each is answered to one caller only. */
export function markTimedOut(tx: Tx, at: string): Promise<Approval[]> {
  return tx.query<Approval>(
    `update approvals set status = 'timed_out', decided_at = expires_at
      where tenant_id = current_tenant() and status = 'pending' and expires_at <= $1 returning ${columns}`,
    [at],
  );
}
