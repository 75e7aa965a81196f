import { present } from '@aos/core/base/assert.ts';
import { type Api, makePolicy } from '../../../e2e/parts/client.ts';
import { dear_tiers, models } from './cap-calls.ts';
import { callingKey, setPrice } from './installation.ts';
import { type PlannedCall, planCall } from './plan.ts';
import { type Random, randomFrom } from './random.ts';

/** What stands when a crash comes: limits of every kind on all runs, and one tight cap that refuses some calls. */
export interface CrashSite {
  key: string;
  /** Control of the cap on all runs, in nano-USD. */
  cost_control: string;
  /** Caps of all controls that can be passed, by control. */
  caps: Map<string, bigint>;
}

/** All that a thousand calls of `planCrashCalls` could hold: never reached, so that every process gets to its failpoint. */
const wide_usd = '100';
const tight_usd = '0.75';
const frugal_agent = 'frugal';

export async function prepareCrashSite(admin: Api): Promise<CrashSite> {
  for (const { provider, model } of Object.values(models)) await setPrice(admin, provider, model, dear_tiers);
  const day = { per: 'day', timezone: 'UTC' };
  const limits = [
    { type: 'cost_usd', max: wide_usd, window: day },
    { type: 'tokens_total', max: 10_000_000, window: day, count_per: 'api_key' },
    { type: 'requests', max: 100_000, window: { per: 'hour' } },
    { type: 'concurrency', max: 500 },
  ];
  const controls = limits.map((limit) => ({ limit, action: 'block' }));
  const wide = await makePolicy(admin, { name: 'All runs', target: { kind: 'all_runs' }, controls });
  const tight = await makePolicy(admin, {
    name: 'A frugal agent',
    target: { kind: 'agent', ids: [frugal_agent] },
    controls: [{ limit: { type: 'cost_usd', max: tight_usd, window: day }, action: 'block' }],
  });
  const ids = [...(wide.controls as { id: string }[]), ...(tight.controls as { id: string }[])].map(({ id }) => id);
  const caps = [100_000_000_000n, 10_000_000n, 100_000n, 500n, 750_000_000n];
  return {
    key: (await callingKey(admin)).secret,
    cost_control: present(ids[0], 'the control of the wide cap'),
    caps: new Map(ids.map((id, n) => [id, present(caps[n], 'its cap')])),
  };
}

/** Calls for one process that is about to die: plain and streamed, some that fail, some of the frugal agent. */
export function planCrashCalls(count: number, seed: number, key: string): PlannedCall[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, n) => plannedCall(random, `x${seed}c${n}`, key));
}

function plannedCall(random: Random, label: string, key: string): PlannedCall {
  const wire = random.pick(['chat', 'responses', 'messages'] as const);
  const stream = random.chance(0.7);
  const output_tokens = random.whole(40, 200);
  const directive = {
    output_tokens,
    input_tokens: random.whole(1, 20),
    delay_ms: random.whole(0, 25),
    ...(stream && { chunk_tokens: random.whole(4, 12), chunk_delay_ms: random.whole(1, 6) }),
    ...(random.chance(0.1) && { error: random.pick([400, 429, 500]) }),
  };
  const text = 'Tell me what is left when the light goes out in the middle of a sentence. '.repeat(random.whole(2, 6));
  const shape = { label, wire, model: models[wire].model, stream, text, max_tokens: output_tokens + 20, directive };
  const headers: Record<string, string> = random.chance(0.3) ? { 'x-aos-agent-id': frugal_agent } : {};
  if (random.chance(0.2)) headers['x-aos-session-id'] = `session-${random.whole(1, 3)}`;
  return { ...planCall(shape, key), headers };
}
