import { present } from '@aos/core/base/assert.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Installation, openInstallation } from '../../tools/campaigns/parts/installation.ts';
import { expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver?.close());

/** A busy machine answers 503 for a moment, and that is not what is asked here. */
const patiently = <T>(work: () => Promise<T>) =>
  waitFor(() => work().catch(() => null), { interval_ms: 1_000, what: 'a step of the test' });

async function reachTier({ admin }: Installation, slug: string): Promise<string> {
  const channel = { slug, kind: 'webhook', url: `${receiver.url}/${slug}` };
  await patiently(async () => [201, 409].includes((await admin.post('/api/v1/channels', channel)).status));
  await patiently(async () => expectStatus(200, await admin.post(`/api/v1/channels/${slug}/test`)));
  const limit = { type: 'requests', max: 200, window: { per: 'day' } };
  const policy = await patiently(() =>
    makePolicy(admin, {
      name: slug,
      target: { kind: 'agent', ids: [slug] },
      controls: [{ limit, alerts: { tiers: [1], channels: [slug] }, action: 'block' }],
    }),
  );
  const body = { model: 'mock-small', messages: [{ role: 'user', content: 'Hello.' }], max_tokens: 3 };
  const headers = { 'x-aos-agent-id': slug };
  for (let n = 0; n < 2; n++)
    await patiently(async () => expectStatus(200, await admin.post('/v1/chat/completions', body, { headers })));
  return String(policy.id);
}

// Each mostly waits for the claim of the dead, so both do at once, on an installation of their own: whoever is to be
// killed must be the only one there that delivers.
test.concurrent.each([
  ['before_delivery', 1],
  ['after_delivery', 2],
] as const)(
  'an alert whose sender is killed %s arrives all the same, under one id',
  async (failpoint, times) => {
    const at = await openInstallation({
      database: 'postgres',
      processes: 1,
      env: { AOS_OUTBOUND_ALLOW: '127.0.0.1', AOS_ROLES: 'api,gateway' },
    });
    try {
      const slug = failpoint.replace('_', '-');
      const policy_id = await reachTier(at, slug);
      const doomed = await at.startOne({ AOS_ROLES: 'worker,api', AOS_FAILPOINT: failpoint });
      expect((await doomed.exited).signal).toBe('SIGKILL');
      await at.startOne({ AOS_ROLES: 'worker,api' });
      const alerts = await at.sql<{ id: string; tier: number }>('select id, tier from alerts where policy_id = $1', [
        policy_id,
      ]);
      expect(alerts.map(({ tier }) => tier)).toEqual([1]);
      const delivery = await waitFor(
        async () => {
          const rows = await at.sql<{ id: string; status: string }>(
            'select id, status from deliveries where alert_id = $1',
            [present(alerts[0], 'an alert').id],
          );
          return rows[0]?.status === 'delivered' && rows[0];
        },
        { timeout_ms: 120_000, interval_ms: 200 },
      );
      const received = receiver.at(`/${slug}`).filter(({ body }) => !body.includes('channel.test'));
      expect(received.map(({ headers }) => headers['webhook-id'])).toEqual(Array(times).fill(delivery.id));
    } finally {
      await at.stop();
    }
  },
  300_000,
);
