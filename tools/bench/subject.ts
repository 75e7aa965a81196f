import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { api, makePolicy } from '../../e2e/parts/client.ts';
import type { ServerProcess } from '../../e2e/parts/processes.ts';

const dockerfile = readFileSync(fileURLToPath(new URL('../../Dockerfile', import.meta.url)), 'utf8');
const [, arguments_of_node = '[]'] = /^CMD \["node", (.*\])$/m.exec(dockerfile) ?? [];

/** The arguments of node that the image starts the built server with. */
export const built_program = JSON.parse(`[${arguments_of_node}`) as string[];

const policies = 100;
const day = { per: 'day', timezone: 'UTC' };
const month = { per: 'month', timezone: 'UTC' };
const matching = [
  {
    name: 'All runs',
    target: { kind: 'all_runs' },
    controls: [
      { limit: { type: 'cost_usd', max: '100000', window: day }, action: 'block' },
      { limit: { type: 'requests', max: 1_000_000_000, window: day }, action: 'block' },
    ],
  },
  {
    name: 'The project',
    target: { kind: 'project', ids: ['default'] },
    controls: [
      { limit: { type: 'tokens_total', max: 1_000_000_000_000, window: month }, action: 'block' },
      { rule: { type: 'model_access', params: { deny: ['o1-pro'] } }, action: 'block' },
    ],
  },
];

/** 100 active policies, of which four controls match every call of these benches. */
export async function makePolicies(server: ServerProcess): Promise<void> {
  const admin = api(server);
  for (const document of matching) await makePolicy(admin, document);
  for (let n = matching.length; n < policies; n++) {
    const limit = { type: 'cost_usd', max: '10', window: day };
    const target = { kind: 'agent', ids: [`other-${n}`] };
    await makePolicy(admin, { name: `Of another agent ${n}`, target, controls: [{ limit, action: 'block' }] });
  }
}
