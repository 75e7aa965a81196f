import { api, expectStatus, type ServerAddress } from '../parts/client.ts';

/** Every page of the console by a name, on the demo's data; `key` is one of the demo's project. */
export async function pagesOf(server: ServerAddress, key: string): Promise<Record<string, string>> {
  const demo = api(server, key);
  const idOf = async (path: string) => {
    const { items } = expectStatus(200, await demo.get<{ items: { id: string }[] }>(path));
    return items[0]?.id ?? '';
  };
  const [run, incident, policy] = await Promise.all([
    idOf('/api/v1/activity/completed?status=failed_policy&limit=1'),
    idOf('/api/v1/incidents?limit=1'),
    idOf('/api/v1/policies?limit=1'),
  ]);
  const decision = await idOf(`/api/v1/runs/${run}/decisions?limit=1`);
  return {
    overview: '/',
    live: '/activity/live',
    completed: '/activity/completed',
    signals: '/activity/signals',
    alerts: '/activity/alerts',
    metrics: '/activity/metrics?range=7d',
    run: `/runs/${run}`,
    'run-cost': `/runs/${run}?scale=cost`,
    decision: `/d/${decision}`,
    policies: '/policies',
    policy: `/policies/${policy}`,
    'policy-explain': '/policies/explain',
    'policy-wizard': '/policies/new?template=daily-cap',
    'policy-edit': `/policies/${policy}/edit`,
    limits: '/limits',
    incidents: '/incidents',
    incident: `/incidents/${incident}`,
    logs: '/logs',
    'logs-system': '/logs/system',
    'logs-audit': '/logs/audit',
    ...Object.fromEntries(settings.map((name) => [`settings-${name}`, `/settings/${name}`])),
  };
}

const settings = [
  'api-keys',
  'agents',
  'channels',
  'deliveries',
  'projects',
  'providers',
  'prices',
  'members',
  'system',
];
