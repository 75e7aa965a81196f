import type { Named } from '@aos/core/activity/call.ts';
import { present } from '@aos/core/base/assert.ts';
import { isIdOf } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';
import { killOf, type StopRow } from './stops.ts';

/** Sessions by the name that their callers chose, or by their own id. */
async function nameOf(tx: Tx, of: { tenant_id: string; project_id: string }, name: string): Promise<string> {
  if (!isIdOf('session', name)) return name;
  const [named] = await tx.query<{ external_id: string }>(
    'select external_id from sessions where tenant_id = $1 and project_id = $2 and id = $3',
    [of.tenant_id, of.project_id, name],
  );
  return named?.external_id ?? name;
}

export interface SessionRun {
  session: Named;
  /** The run that new calls of the session join; a fresh id when the one before has ended. */
  run_id: string;
  /** The order that killed this run: calls of the session are refused until it has been quiet for `session_idle_s`. */
  kill: StopRow | null;
}

/**
 * Finds or registers a session of a project and the run its calls belong to. The session's row is locked, so that
 * first calls which come together open one run, on every replica.
 */
export async function joinSession(
  tx: Tx,
  of: {
    tenant_id: string;
    project_id: string;
    external_id: string;
    at: string;
    new_session_id: string;
    new_run_id: string;
    session_idle_s: number;
  },
): Promise<SessionRun> {
  const external_id = await nameOf(tx, of, of.external_id);
  await tx.query(
    `insert into sessions (tenant_id, id, project_id, external_id, created_at, last_activity_at) values ($1, $2, $3, $4, $5, $5)
      on conflict (tenant_id, project_id, external_id) do nothing`,
    [of.tenant_id, of.new_session_id, of.project_id, external_id, of.at],
  );
  const rows = await tx.query<{ id: string; run_id: string | null; status: string | null; is_quiet: boolean }>(
    `select s.id, s.run_id, (select r.status from runs r where r.tenant_id = s.tenant_id and r.id = s.run_id) as status,
        s.last_activity_at < clock_timestamp() - make_interval(secs => $4) as is_quiet
      from sessions s where s.tenant_id = $1 and s.project_id = $2 and s.external_id = $3 for update`,
    [of.tenant_id, of.project_id, external_id, of.session_idle_s],
  );
  const found = present(rows[0], 'the session just registered');
  const has_ended = found.status !== null && found.status !== 'running';
  const killed = has_ended && !found.is_quiet && found.run_id !== null ? await killOf(tx, found.run_id) : undefined;
  const run_id = found.run_id !== null && (!has_ended || killed) ? found.run_id : of.new_run_id;
  await tx.query('update sessions set run_id = $3, last_activity_at = $4 where tenant_id = $1 and id = $2', [
    of.tenant_id,
    found.id,
    run_id,
    of.at,
  ]);
  return { session: { id: found.id, slug: external_id }, run_id, kill: killed ?? null };
}

/** Sessions by the names their callers chose, made when they are not there; they join no run. Names come once each. */
export async function nameSessions(
  tx: Tx,
  of: { tenant_id: string; project_id: string },
  sessions: readonly { new_id: string; external_id: string; at: string }[],
): Promise<Map<string, Named>> {
  const rows = await tx.query<{ id: string; external_id: string }>(
    `insert into sessions (tenant_id, id, project_id, external_id, created_at, last_activity_at)
      select $1, s.id, $2, s.external_id, s.at, s.at from unnest($3::text[], $4::text[], $5::timestamptz[]) s(id, external_id, at)
      on conflict (tenant_id, project_id, external_id) do update set last_activity_at = greatest(sessions.last_activity_at, excluded.last_activity_at)
      returning id, external_id`,
    [
      of.tenant_id,
      of.project_id,
      sessions.map(({ new_id }) => new_id),
      sessions.map(({ external_id }) => external_id),
      sessions.map(({ at }) => at),
    ],
  );
  return new Map(rows.map(({ id, external_id }) => [external_id, { id, slug: external_id }]));
}
