import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { type Api, api, expectStatus, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { callingKey, type Installation, openInstallation } from './parts/installation.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';

/**
 * Control changes again and again while calls of the same agents and keys keep coming over several processes: once a
 * change is answered with 200, no call that was sent later may have been decided as if it had not been made.
 */
export interface FreshnessScenario {
  processes: number;
  callers: number;
  /** Edits of the policy; after them it refuses, is disabled, and a key and an agent are stopped. */
  edits: number;
}

interface Sent {
  agent: string;
  key: string;
  sent_at: number;
  answered_at: number;
  status: number;
  run_id: string;
}

/** A change that was answered at this instant, and what must be true of a call sent after it. */
interface Change {
  what: string;
  answered_at: number;
  /** When something else began to undo it; calls answered later are no witnesses. */
  undone_at: number;
  /** Why the call is one of the state before; null when it is not, or when the change does not concern it. */
  stale: (call: Sent, versions: readonly number[]) => string | null;
}

const now = () => performance.timeOrigin + performance.now();
const reason = 'a campaign';

export async function freshness({ processes, callers, edits }: FreshnessScenario): Promise<Findings> {
  const at = await openInstallation({ database: 'postgres', processes });
  try {
    const keys = [await callingKey(at.admin), await callingKey(at.admin)];
    const calling = keepCalling(
      at,
      keys.map(({ secret }) => secret),
      callers,
    );
    let changes: Change[];
    try {
      changes = await changeAll(at.admin, edits, present(keys[1], 'the second key'), calling.sent);
    } finally {
      await calling.stop();
    }
    return await judge(at, calling.sent, changes);
  } finally {
    await at.stop();
  }
}

function keepCalling({ servers }: Installation, keys: readonly string[], callers: number) {
  const sent: Sent[] = [];
  let is_over = false;
  const caller = async (n: number) => {
    const server = present(servers[n % servers.length], 'a process');
    const key = present(keys[Math.floor(n / servers.length) % keys.length], 'a key');
    const client = api(server, key);
    for (let turn = 0; !is_over; turn++) {
      const agent = `agent-${turn % 2}`;
      const sent_at = now();
      const body = { model: 'mock-small', max_tokens: 1, messages: [{ role: 'user', content: 'Hello.' }] };
      const answer = await client.post('/v1/chat/completions', body, { headers: { 'x-aos-agent-id': agent } });
      const run_id = answer.headers.get('x-aos-run-id') ?? '';
      sent.push({ agent, key, sent_at, answered_at: now(), status: answer.status, run_id });
    }
  };
  const all = Array.from({ length: callers }, (_, n) => caller(n));
  return {
    sent,
    stop: async () => {
      is_over = true;
      await Promise.all(all);
    },
  };
}

/** Calls that must have been sent, and answered, after a change before the next one. */
const witnesses_min = 10;

async function changeAll(
  admin: Api,
  edits: number,
  key: { id: string; secret: string },
  sent: readonly Sent[],
): Promise<Change[]> {
  const changes: Change[] = [];
  const limit = (max: number) => ({ type: 'requests', max, window: { per: 'day' } });
  const document = (max: number) => ({
    name: 'Tightened under load',
    target: { kind: 'all_runs' },
    controls: [{ limit: limit(max), action: 'block' }],
  });
  const policy = await makePolicy(admin, document(10_000_000));
  const path = `/api/v1/policies/${policy.id}`;
  const change = async (what: string, asking: Promise<{ status: number }>, stale: Change['stale']) => {
    const answer = await asking;
    if (answer.status >= 300) throw new Error(`${what}: ${answer.status}`);
    const made = { what, answered_at: now(), undone_at: Number.POSITIVE_INFINITY, stale };
    changes.push(made);
    return made;
  };
  const edit = async (max: number) => {
    const body = { ...document(max), reason };
    const { version } = expectStatus(200, await admin.put<{ version: number }>(path, body));
    return change(`version ${version}`, Promise.resolve({ status: 200 }), ({ status }, versions) =>
      status === 200 && versions.every((seen) => seen < version)
        ? `decided under ${versions.join() || 'no policy'}`
        : null,
    );
  };
  const witnessed = ({ what, answered_at }: Change) =>
    waitFor(() => sent.filter(({ sent_at }) => sent_at > answered_at).length >= witnesses_min, {
      what: `calls after ${what}`,
    });
  for (let n = 1; n <= edits; n++) {
    await edit(10_000_000 - n);
    await pause(20);
  }
  const isRefused = ({ status }: Sent) => (status === 200 ? 'it was admitted' : null);
  const tight = await change('a limit of nothing', admin.put(path, { ...document(0), reason }), isRefused);
  await witnessed(tight);
  tight.undone_at = now();
  await edit(10_000_000);
  for (const made of changes) made.undone_at = Math.min(made.undone_at, now());
  const disabled = await change('disabled', admin.post(`${path}/disable`, { reason }), (_, versions) =>
    versions.length > 0 ? `decided under version ${versions.join()}` : null,
  );
  await witnessed(disabled);
  const revoked = await change('a revoked key', admin.post(`/api/v1/api-keys/${key.id}/revoke`, { reason }), (call) =>
    call.key === key.secret ? isRefused(call) : null,
  );
  await witnessed(revoked);
  const contains = await change(
    'a contained agent',
    admin.post('/api/v1/containments', { kind: 'agent', id: 'agent-1', reason }),
    (call) => (call.agent === 'agent-1' ? isRefused(call) : null),
  );
  await witnessed(contains);
  return changes;
}

async function judge(at: Installation, sent: readonly Sent[], changes: readonly Change[]): Promise<Findings> {
  const rows = await at.sql<{ run_id: string; versions: number[] }>(
    `select run_id, array(select (h ->> 'policy_version')::int from json_array_elements(holds) h) as versions from llm_run_records`,
  );
  const versions = new Map(rows.map((row) => [row.run_id, row.versions]));
  const broken: string[] = [];
  const witnesses: Record<string, number> = {};
  for (const { what, answered_at, undone_at, stale } of changes) {
    const later = sent.filter((call) => call.sent_at > answered_at && call.answered_at < undone_at);
    const kind = what.startsWith('version') ? 'an edit' : what;
    witnesses[kind] = (witnesses[kind] ?? 0) + later.length;
    for (const call of later) {
      const why = stale(call, versions.get(call.run_id) ?? []);
      if (why !== null)
        broken.push(`after ${what}: a call sent ${(call.sent_at - answered_at).toFixed(1)} ms later: ${why}`);
    }
  }
  for (const [what, count] of Object.entries(witnesses)) if (count === 0) broken.push(`no call was sent after ${what}`);
  const statuses = sent.reduce<Record<string, number>>(
    (sum, { status }) => ({ ...sum, [status]: (sum[status] ?? 0) + 1 }),
    {},
  );
  const processes = at.servers.map(({ pid }) => pid);
  return {
    figures: {
      processes,
      calls: sent.length,
      statuses,
      changes: changes.length,
      calls_sent_after: witnesses,
      stale: broken.length,
    },
    broken,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      processes: { type: 'string', default: '3' },
      callers: { type: 'string', default: '24' },
      edits: { type: 'string', default: '100' },
    },
  });
  const findings = await freshness({
    processes: Number(values.processes),
    callers: Number(values.callers),
    edits: Number(values.edits),
  });
  printFigures('freshness', findings.figures);
  finish(findings.broken);
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
