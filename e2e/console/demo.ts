import { api, expectStatus, type ServerAddress } from '../parts/client.ts';

interface Demo {
  live: { api_key: { secret: string }; calls: { headers: Record<string, string>; body: unknown }[] };
}

/** The demo with calls that are made now; its answer is a key of the demo's project, for the console. */
export async function loadDemo(server: ServerAddress, of: { runs: number; days: number }): Promise<string> {
  const admin = api(server);
  const demo = expectStatus(201, await admin.post<Demo>('/api/v1/demo', of));
  const caller = api(server, demo.live.api_key.secret);
  for (const { headers, body } of demo.live.calls) await caller.post('/v1/chat/completions', body, { headers });
  const key = { name: 'console', role: 'admin', project_id: 'demo' };
  return expectStatus(201, await admin.post<{ secret: string }>('/api/v1/api-keys', key)).secret;
}
