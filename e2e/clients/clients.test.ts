import { AOS } from '@aos/sdk/client.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, limitAgent, startGateway } from '../parts/gateway.ts';
import { type Driver, drivers } from './drivers.ts';
import { type Cell, no_error, page, situation_names } from './page.ts';

let gateway: Gateway;
let all: Driver[];
beforeAll(async () => {
  gateway = await startGateway();
  const aos = new AOS({ api_key: gateway.server.admin_key, base_url: gateway.server.url });
  all = drivers(aos, { url: gateway.stub.url, key: 'sk-direct' });
});
afterAll(() => gateway?.stop());

interface Situation {
  control: object;
  status: number;
  /** Calls that are made before, so that the next one meets the control. */
  before: number;
  stream: boolean;
  retried: boolean;
  /** What the message says beside policy and page. */
  says: RegExp;
}

const day = { per: 'day' };
const situations: Record<(typeof situation_names)[number], Situation> = {
  spent: {
    control: { limit: { type: 'cost_usd', max: '0.000001', window: day }, action: 'block' },
    ...{ status: 402, before: 0, stream: false, retried: false },
    says: /its limit of \$0\.000001.*Resets at 20/,
  },
  not_allowed: {
    control: { rule: { type: 'model_access', params: { deny: ['*'] } }, action: 'block' },
    ...{ status: 403, before: 0, stream: false, retried: false },
    says: /is on the deny list/,
  },
  rate: {
    control: { limit: { type: 'requests', max: 1, window: { per: 'minute' } }, action: 'block' },
    ...{ status: 429, before: 1, stream: false, retried: true },
    says: /its limit of 1 call has 1 call used.*Resets at 20/,
  },
  paused: {
    control: {
      limit: { type: 'requests', max: 1, window: day },
      ...{ action: 'pause', pause: { wait_seconds: 0 } },
    },
    ...{ status: 429, before: 1, stream: false, retried: true },
    says: /paused this call: its limit of 1 call /,
  },
  mid_stream: {
    control: { limit: { type: 'tokens_output', max: 200, window: day }, action: 'block' },
    ...{ status: 200, before: 0, stream: true, retried: false },
    says: /its limit of 200 /,
  },
};

const endless = { output_tokens: 5_000, chunk_tokens: 5, chunk_delay_ms: 1, ignore_max_tokens: true };
const short = { output_tokens: 3 };

/** What leaves the client, with what came back; waits that the answers ask for are cut short, so that retries come soon. */
function recording() {
  const answers: { status: number; retry_after: string | null; should_retry: string | null }[] = [];
  const send: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    const headers = new Headers(answer.headers);
    answers.push({
      status: answer.status,
      retry_after: headers.get('retry-after'),
      should_retry: headers.get('x-should-retry'),
    });
    if (headers.has('retry-after')) headers.set('retry-after', '0');
    return new Response(answer.body, { status: answer.status, headers });
  };
  return { answers, fetch: send };
}

type Recording = ReturnType<typeof recording>;

/** A database that is silent for two seconds, as on a busy machine, is a situation of its own: then it is met again. */
async function undisturbed(driver: Driver, name: (typeof situation_names)[number]): Promise<Cell> {
  for (let attempt = 1; ; attempt++) {
    const seen = recording();
    try {
      return await meet(driver, name, seen);
    } catch (error) {
      const disturbed =
        seen.answers.some((answer) => answer.status === 503) || /governance cannot answer/i.test(String(error));
      if (!disturbed || attempt === 5) throw error;
    }
  }
}

let agents = 0;

async function meet(driver: Driver, name: (typeof situation_names)[number], seen: Recording): Promise<Cell> {
  const { control, before, stream, status, retried, says } = situations[name];
  const agent_id = `${name}-${agents++}`;
  const policy = await limitAgent(gateway, agent_id, control);
  const model = driver.wire === 'anthropic' ? 'claude-opus-4-6' : 'gpt-4o-mini';
  for (let made = 0; made < before; made++) await spend(agent_id);
  await gateway.untilSettled();
  const prompt = `Hello. stub: ${JSON.stringify({ ...(stream ? endless : short), label: agent_id })}`;
  const thrown = await driver.ask({ agent_id, prompt, model, stream, fetch: seen.fetch }).then(
    (text) => ({ text }),
    (error: unknown) => ({ error }),
  );
  if (driver.checks_only && stream) {
    expect('text' in thrown && thrown.text.length).toBeGreaterThan(1_000);
    return { error: null, attempts: seen.answers.length };
  }
  if (!('error' in thrown))
    throw new Error(`${driver.title} met ${name} and saw nothing: ${thrown.text.slice(0, 200)}`);
  const { kind, message: shown } = lastOf(thrown.error);
  // One client shows the body as it came.
  const message = shown.replaceAll('\\"', '"');
  expect(message).toMatch(says);
  expect(message).toContain(`Policy "for ${agent_id}" (${policy.id})`);
  expect(message).toMatch(new RegExp(`Details: ${gateway.server.url}/(d/dec_|policies/pol_)`));
  expect(gateway.stub.log.filter(({ label }) => label === agent_id)).toHaveLength(stream ? 1 : 0);
  if (!driver.checks_only) {
    expect(new Set(seen.answers.map((answer) => answer.status))).toEqual(new Set([status]));
    expect(seen.answers).toHaveLength(retried ? 2 : 1);
    const [first] = seen.answers;
    if (status === 402 || status === 403) expect(first?.should_retry).toBe('false');
    if (status === 429) expect(Number(first?.retry_after)).toBeGreaterThan(0);
  }
  return { error: kind, attempts: seen.answers.length };
}

async function spend(agent_id: string): Promise<void> {
  const openai = gateway.openai({ defaultHeaders: { 'x-aos-agent-id': agent_id } });
  const content = `Hello. stub: ${JSON.stringify(short)}`;
  await openai.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] });
}

/** What a user catches: the class, and the text that is shown; a client that gave up names its last error. */
function lastOf(error: unknown): { kind: string; message: string } {
  const { lastError } = error as { lastError?: unknown };
  const name = (of: object): string => of.constructor.name;
  if (lastError instanceof Error)
    return { kind: `${name(error as object)} of ${name(lastError)}`, message: lastError.message };
  if (error instanceof Error) return { kind: name(error), message: error.message };
  return { kind: no_error, message: JSON.stringify(error) };
}

describe('what the user of each client sees', () => {
  const cells = new Map<string, Cell[]>();

  test.each(situation_names)('%s', async (name) => {
    const met: Cell[] = [];
    for (const driver of all) met.push(await undisturbed(driver, name));
    cells.set(name, met);
  });

  test('is what docs/reference/clients.md says', async () => {
    expect(cells.size).toBe(situation_names.length);
    await expect(page(all, cells)).toMatchFileSnapshot('../../docs/reference/clients.md');
  });
});
