import { type Answer, type Api, api, expectStatus, type KeyBody, makeKey, waitFor } from '../../e2e/parts/client.ts';
import type { Cause, Scenario } from './scenario.ts';

/** Where one scenario plays: a synthetic project of its own, with a key that calls in it. */
export interface Stage {
  admin: Api;
  caller: Api;
  names: Record<string, string>;
  /** Ids of what the causes made, in order. */
  runs: string[];
  policies: string[];
  /** What callers were answered: the status of a call that passed, the code of one that did not. */
  answers: (number | string)[];
  told: object[];
}

interface Made {
  id: string;
  controls?: { id: string }[];
}

export async function openStage(admin: Api, { id }: Scenario): Promise<Stage> {
  const slug = id.slice(0, 60);
  const project = expectStatus(201, await admin.post<Made>('/api/v1/projects', { slug, synthetic_scenario_id: slug }));
  const key: KeyBody = await makeKey(admin, { name: slug, project_id: project.id, role: 'service' });
  return {
    admin,
    caller: api({ url: admin.url }, key.secret),
    names: { project: slug, agent: `${slug}-agent`, actor: `${slug}-actor`, session: `${slug}-session`, key: key.id },
    ...{ runs: [], policies: [], answers: [], told: [] },
  };
}

/** Puts names for `${…}`; the last run and policy are known as such. */
function named<T>(stage: Stage, value: T): T {
  const names: Record<string, string | undefined> = {
    ...stage.names,
    run: stage.runs.at(-1),
    policy: stage.policies.at(-1),
  };
  return JSON.parse(JSON.stringify(value).replace(/\$\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole)) as T;
}

const last = (ids: readonly string[], what: string): string => {
  const id = ids.at(-1);
  if (id === undefined) throw new Error(`there is no ${what} yet`);
  return id;
};

export async function perform(stage: Stage, given: Cause): Promise<void> {
  const cause = named(stage, given);
  if ('call' in cause) return performCall(stage, cause.call);
  if ('run' in cause) return performRun(stage, cause.run);
  if ('to_run' in cause) return actOnRun(stage, cause);
  if ('simulate' in cause) return tell(stage, stage.caller, '/api/v1/runtime/simulate', cause.simulate);
  if ('explain' in cause) return tell(stage, stage.admin, '/api/v1/policies/explain', cause.explain);
  if ('finish' in cause) {
    const path = `/api/v1/runs/${last(stage.runs, 'run')}/finish`;
    expectStatus(200, await stage.caller.post(path, { outcome: cause.finish }));
    return;
  }
  return performAdmin(stage, cause);
}

type Administered = Exclude<
  Cause,
  | { call: unknown }
  | { run: unknown }
  | { to_run: unknown }
  | { simulate: unknown }
  | { explain: unknown }
  | { finish: unknown }
>;

async function performAdmin(stage: Stage, cause: Administered): Promise<void> {
  const { admin, names, policies } = stage;
  const post = async (status: number, path: string, body: object) =>
    expectStatus(status, await admin.post<Made>(path, body));
  const made = async (document: object, mode: 'enforce' | 'shadow' | null) => {
    const { id } = await post(201, '/api/v1/policies', document);
    policies.push(id);
    if (mode !== null) await post(200, `/api/v1/policies/${id}/activate`, { reason: 'a scenario', mode });
  };
  if ('policy' in cause) return made(cause.policy, 'enforce');
  if ('draft' in cause) return made(cause.draft, null);
  if ('shadow' in cause) return made(cause.shadow, 'shadow');
  if ('apply' in cause) {
    const answer = await admin.post<{ policies: { policy_id: string }[] }>('/api/v1/policies/apply', {
      documents: cause.apply,
      reason: 'a scenario',
    });
    policies.push(...expectStatus(200, answer).policies.map(({ policy_id }) => policy_id));
    return;
  }
  if ('contain' in cause) {
    const id = cause.contain === 'api_key' ? names.key : names[cause.contain];
    names.stop = (await post(201, '/api/v1/containments', { kind: cause.contain, id, reason: cause.reason })).id;
    return;
  }
  const { reason } = 'reason' in cause ? cause : { reason: 'a scenario' };
  if ('release' in cause) await post(200, `/api/v1/containments/${names.stop}/release`, { reason });
  else if ('bind' in cause) await post(200, `/api/v1/api-keys/${names.key}/bind`, { ...cause.bind, reason });
  else if ('to_key' in cause) await actOnKey(stage, cause.to_key, reason);
  else await actOnPolicy(stage, cause, reason);
}

type OfPolicy = Extract<
  Administered,
  { to_policy: unknown } | { edit: unknown } | { raise: unknown } | { exempt: unknown }
>;

async function actOnPolicy({ admin, policies }: Stage, cause: OfPolicy, reason: string): Promise<void> {
  const id = last(policies, 'policy');
  const path = `/api/v1/policies/${id}`;
  if ('to_policy' in cause) expectStatus(200, await admin.post(`${path}/${cause.to_policy}`, { reason }));
  else if ('edit' in cause) {
    const before = expectStatus(200, await admin.get<Made>(path));
    const controls = cause.edit.controls.map((of, n) => ({ ...(of as object), id: before.controls?.[n]?.id }));
    expectStatus(200, await admin.put(path, { ...cause.edit, controls, reason }));
  } else if ('raise' in cause) {
    const { controls } = expectStatus(200, await admin.get<Made>(path));
    expectStatus(201, await admin.post(`${path}/overrides`, { ...cause.raise, control_id: controls?.[0]?.id, reason }));
  } else expectStatus(201, await admin.post(`${path}/exemptions`, { ...cause.exempt, reason }));
}

async function actOnKey(stage: Stage, act: 'rotate' | 'revoke', reason: string): Promise<void> {
  const { admin, names } = stage;
  const answer = expectStatus(200, await admin.post<KeyBody>(`/api/v1/api-keys/${names.key}/${act}`, { reason }));
  if (act !== 'rotate') return;
  names.key = answer.id;
  stage.caller = api({ url: admin.url }, answer.secret);
}

async function actOnRun(stage: Stage, { to_run, reason }: Extract<Cause, { to_run: unknown }>): Promise<void> {
  const answer = await stage.admin.post<Made>(`/api/v1/runs/${last(stage.runs, 'run')}/${to_run}`, { reason });
  if (answer.status >= 400) throw new Error(`${to_run} was answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  if (to_run === 'retry') await untilEnded(stage, answer.body.id);
}

async function performRun(stage: Stage, body: object): Promise<void> {
  const {
    status,
    body: run,
    text,
  } = await stage.caller.post<Made & { mode: string }>('/api/v1/runs', { agent_id: stage.names.agent, ...body });
  if (status !== 202) throw new Error(`the run was answered ${status}: ${text.slice(0, 300)}`);
  if (run.mode === 'external') stage.runs.push(run.id);
  else await untilEnded(stage, run.id);
}

async function untilEnded(stage: Stage, id: string): Promise<void> {
  stage.runs.push(id);
  const ended = async () => (await stage.admin.get<{ ended_at: string | null }>(`/api/v1/runs/${id}`)).body.ended_at;
  await waitFor(ended, { what: `the end of ${id}`, interval_ms: 100 });
}

async function tell(stage: Stage, client: Api, path: string, body: object): Promise<void> {
  const answer = await client.post<object>(path, body);
  stage.told.push({ ...(answer.body as object), http: answer.status });
}

const paths = { chat: '/v1/chat/completions', messages: '/v1/messages', responses: '/v1/responses' };

async function performCall(stage: Stage, call: Extract<Cause, { call: unknown }>['call']): Promise<void> {
  const { model, wire, stream, max_tokens, prompt } = call;
  const client = call.key === undefined ? stage.caller : api({ url: stage.admin.url }, call.key);
  const messages = [{ role: 'user', content: prompt }];
  const body =
    wire === 'responses'
      ? { model, stream, max_output_tokens: max_tokens, input: prompt }
      : { model, stream, max_tokens, messages };
  const headers = {
    'x-aos-agent-id': call.agent ?? stage.names.agent ?? '',
    ...(call.actor !== undefined && { 'x-aos-actor-id': call.actor }),
    ...(call.session !== undefined && { 'x-aos-session-id': call.session }),
    ...(call.run !== undefined && { 'x-aos-run-id': call.run }),
    ...call.headers,
  };
  for (let n = 0; n < call.times; n++) {
    const answer = await client.post(paths[wire], body, { headers });
    stage.answers.push(codeOf(answer));
    const run_id = answer.headers.get('x-aos-run-id');
    if (run_id !== null && !stage.runs.includes(run_id)) stage.runs.push(run_id);
  }
}

/** The status of a call that passed; the code of one that was refused, at once or in the middle of its stream. */
function codeOf({ status, body, text }: Answer<{ error?: { code?: string } }>): number | string {
  const code = (body as { error?: { code?: string; type?: string } } | string) ?? '';
  if (typeof code === 'object' && code.error) return code.error.code ?? status;
  return /"error":\s*\{[^}]*"code":\s*"(\w+)"/.exec(text)?.[1] ?? status;
}
