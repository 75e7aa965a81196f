import type { Asker, Named } from '@aos/core/activity/call.ts';
import { Problem } from '@aos/core/base/error.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Deps } from '../base/deps.ts';
import type { ProjectRow } from '../store/control-read.ts';
import { joinSession, type SessionRun } from '../store/sessions.ts';
import { nameActor, nameAgent } from '../store/subjects.ts';
import { takingBack } from './taking-back.ts';

export type ActorName = NonNullable<Asker['actor']>;

/** The run a session's calls join, and whether a call of this process has opened it. */
export interface JoinedSession extends SessionRun {
  opened: boolean;
}

/** Agents, actors and sessions by the names callers use, registered at first sight where the project allows it. */
export interface Registry {
  agent(tenant_id: string, project: ProjectRow, name: string): Promise<Named>;
  actor(tenant_id: string, project: ProjectRow, name: string): Promise<ActorName>;
  session(tenant_id: string, project: ProjectRow, name: string): Promise<JoinedSession>;
  forgetSession(tenant_id: string, project: ProjectRow, name: string): void;
}

/** A session without a call for so long has ended, and with it what was said about its killed run. */
const session_idle_s = 3_600;

/** Names kept in memory: each is a few hundred bytes, and the oldest gives way. */
const names_max = 50_000;

export function createRegistry(deps: Deps): Registry {
  const agents = remembered<Named>();
  const actors = remembered<ActorName>();
  const sessions = remembered<JoinedSession>();
  const at = () => instantText(deps.clock.now());

  return {
    agent: (tenant_id, project, name) =>
      agents.get(`${tenant_id} ${name}`, async () => {
        const new_id = project.auto_register ? deps.makeId('agent') : null;
        const of = { tenant_id, project_id: project.id, name, new_id, at: at() };
        return known(await deps.db.tenant(tenant_id, (tx) => nameAgent(tx, of)), 'agent', name);
      }),
    actor: (tenant_id, project, name) =>
      actors.get(`${tenant_id} ${name}`, async () => {
        const new_id = project.auto_register ? deps.makeId('actor') : null;
        const of = { tenant_id, name, new_id, at: at() };
        return known(await deps.db.tenant(tenant_id, (tx) => nameActor(tx, of)), 'actor', name);
      }),
    session: (tenant_id, project, name) =>
      sessions.get(`${tenant_id} ${project.id} ${name}`, async () => {
        const fresh = { new_session_id: deps.makeId('session'), new_run_id: deps.makeId('run') };
        const of = { tenant_id, project_id: project.id, external_id: name, at: at(), session_idle_s, ...fresh };
        return { ...(await deps.db.tenant(tenant_id, (tx) => joinSession(tx, of))), opened: false };
      }),
    forgetSession: (tenant_id, project, name) => sessions.drop(`${tenant_id} ${project.id} ${name}`),
  };
}

/** The same answers for a dry run: what is registered at first sight is taken back, and nothing is remembered. */
export const dryRegistry = (deps: Deps): Registry => createRegistry({ ...deps, db: takingBack(deps.db) });

function known<T>(found: T | null, kind: 'agent' | 'actor', name: string): T {
  if (found) return found;
  throw new Problem(
    'invalid_header',
    `x-aos-${kind}-id: "${name}" is not registered, and this project does not register by itself. Create it with POST /api/v1/${kind}s.`,
  );
}

/** First askers of a name share one look-up; a failed one is forgotten. */
function remembered<T>() {
  const found = new Map<string, Promise<T>>();
  return {
    get(key: string, load: () => Promise<T>): Promise<T> {
      const value = found.get(key);
      if (value) return value;
      const loading = load();
      found.set(key, loading);
      loading.catch(() => found.delete(key));
      const [oldest] = found.keys();
      if (found.size > names_max && oldest !== undefined) found.delete(oldest);
      return loading;
    },
    drop: (key: string) => {
      found.delete(key);
    },
  };
}
