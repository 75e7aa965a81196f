import type { JsonObject } from '@aos/core/base/json.ts';
import type { Alert } from '@aos/core/policies/alert.ts';
import type { Channel } from '@aos/core/policies/channel.ts';
import type { Delivery } from '@aos/core/policies/delivery.ts';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { expectStatus, makePolicy, waitFor } from '../parts/client.ts';
import {
  admin,
  alertsOf,
  call,
  calls,
  deliveriesOf,
  gateway,
  goodWebhook,
  type List,
  limited,
  mail,
  makeChannel,
  type Refused,
  receiver,
  testChannel,
  withAlerts,
} from './alert-parts.ts';

withAlerts();

describe('a channel', () => {
  test('tells a webhook by the Standard Webhooks specification; its secret is shown once', async () => {
    const made = await makeChannel({ slug: 'ops', kind: 'webhook', url: `${receiver.url}/ops?token=hidden` });
    const secret = made.secret ?? '';
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
    expect(made).toMatchObject({ address: receiver.url, tested_at: null, enabled: true });
    const told = await testChannel('ops');
    expect(told).toMatchObject({
      ok: true,
      delivery: { status: 'delivered', log: [{ n: 1, status: 200, error: null }] },
    });
    const [request] = receiver.at('/ops?token=hidden');
    const headers = request?.headers as Record<string, string>;
    expect(new Webhook(secret).verify(request?.body ?? '', headers)).toMatchObject({ type: 'channel.test' });
    expect(() => new Webhook(secret).verify(`${request?.body} `, headers)).toThrow();
    expect(headers['webhook-id']).toBe(told.delivery.id);

    const shown = await admin.get<Channel>('/api/v1/channels/ops');
    expect(shown.body.tested_at).not.toBeNull();
    const listed = await admin.get('/api/v1/channels');
    for (const text of [shown.text, listed.text]) {
      expect(text).not.toContain(secret.slice(6));
      expect(text).not.toContain('hidden');
    }
    const stored = JSON.stringify(await gateway.rows('select * from channels'));
    expect(stored).not.toContain(secret.slice(6));
    expect(stored).not.toContain('hidden');
    expect(gateway.server.output()).not.toContain('hidden');
  });

  test('tells Slack in its form, and people by e-mail', async () => {
    await makeChannel({ slug: 'chat', kind: 'slack', url: `${receiver.url}/chat` });
    await makeChannel({ slug: 'mail', kind: 'email', to: ['ada@example.com', 'bo@example.com'] });
    expect(await testChannel('chat')).toMatchObject({ ok: true });
    expect(JSON.parse(receiver.at('/chat')[0]?.body ?? '')).toMatchObject({
      text: expect.stringContaining('Test of an AOS channel'),
      blocks: [{ type: 'section', text: { type: 'mrkdwn' } }, { type: 'context' }],
    });
    const { ok, delivery } = await testChannel('mail');
    expect(ok).toBe(true);
    expect(mail.mails[0]?.to).toEqual(['ada@example.com', 'bo@example.com']);
    expect(mail.mails[0]?.text).toContain('Subject: Test of an AOS channel');
    expect(mail.mails[0]?.text).toContain(`Message-ID: <${delivery.id}@`);
  });

  test('that does not answer fails its test and says why; a private address is refused at once', async () => {
    await makeChannel({ slug: 'broken', kind: 'webhook', url: `${receiver.url}/broken` });
    receiver.answers.set('/broken', 503);
    const { ok, channel, delivery } = await testChannel('broken');
    expect([ok, channel.tested_at, delivery.status, delivery.last_error]).toEqual([
      false,
      null,
      'dead',
      'the receiver answered 503',
    ]);
    for (const url of [
      'http://10.0.0.1/',
      'http://169.254.169.254/latest',
      'http://[::ffff:10.0.0.1]/',
      'ftp://a.b/',
    ]) {
      const answer = await admin.post<Refused>('/api/v1/channels', { slug: 'inside', kind: 'slack', url });
      expect([url, answer.status, answer.body.error.code]).toEqual([url, 400, 'invalid_body']);
    }
    // The name is resolved when it is called.
    await makeChannel({ slug: 'named', kind: 'webhook', url: 'http://localhost:1/' });
    expect((await testChannel('named')).ok).toBe(false);
  });

  test('must have passed a test before a policy in force may use it', async () => {
    await makeChannel({ slug: 'fresh', kind: 'webhook', url: `${receiver.url}/fresh` });
    const draft = async (channels: string[]) =>
      expectStatus(
        201,
        await admin.post<{ id: string; warnings: string[] }>('/api/v1/policies', limited('x', { channels })),
      );
    const activate = (id: string, more: object = {}) =>
      admin.post<Refused & { warnings: string[] }>(`/api/v1/policies/${id}/activate`, { reason: 'a test', ...more });
    const unknown = await draft(['opps']);
    const untested = await draft(['fresh', 'console']);
    expect(unknown.warnings.join()).toContain('there is no channel "opps"');
    for (const [{ id }, why] of [
      [unknown, 'there is no channel "opps"'],
      [untested, '"fresh" has not passed a test delivery'],
    ] as const) {
      const answer = await activate(id);
      expect([answer.status, answer.body.error.code]).toEqual([409, 'conflict']);
      expect(answer.body.error.message).toContain(why);
    }
    const shadow = expectStatus(200, await activate(unknown.id, { mode: 'shadow' }));
    expect(shadow.warnings.join()).toContain('there is no channel "opps"');
    await testChannel('fresh');
    expectStatus(200, await activate(untested.id));

    const used = await admin.del<Refused>('/api/v1/channels/fresh');
    expect([used.status, used.body.error.message]).toEqual([409, expect.stringContaining('"for x"')]);
    const moved = await admin.put<Channel>('/api/v1/channels/fresh', { url: `${receiver.url}/elsewhere` });
    expect(expectStatus(200, moved).tested_at).toBeNull();
    expectStatus(200, await admin.del('/api/v1/channels/named'));
    expect((await admin.get('/api/v1/channels/named')).status).toBe(404);
    expect((await admin.del<Refused>('/api/v1/channels/console')).status).toBe(409);
  });
});

describe('an alert', () => {
  test('is told once for each tier, with all that leads to its cause, whatever the action', async () => {
    const { secret = '' } = await goodWebhook('tiers');
    for (const action of ['block', 'warn', 'continue']) {
      const agent = `agent-${action}`;
      const alerts = { tiers: [50, 90], channels: ['tiers', 'console'] };
      const policy = await makePolicy(admin, limited(agent, alerts, { action }));
      const refused = action === 'block' ? 402 : 200;
      expect(await calls(agent, 13)).toEqual([...Array(10).fill(200), refused, refused, refused]);
      const told = await alertsOf(policy.id);
      expect(
        told.map(({ tier, used, reserved, limit_value }) => [tier, Number(used) + Number(reserved), limit_value]),
      ).toEqual([
        [50, 5, '10'],
        [90, 9, '10'],
        [100, 10, '10'],
      ]);
      for (const alert of told) {
        expect(alert).toMatchObject({
          mode: 'enforce',
          action,
          subject: '*',
          status: 'noted',
          window_end: expect.any(String),
        });
        const record = await admin.get(`/api/v1/decisions/${alert.decision_id}`);
        expect([200, 404]).toContain(record.status);
        expect(expectStatus(200, await admin.get<JsonObject>(`/api/v1/runs/${alert.run_id}`)).id).toBe(alert.run_id);
        const entry = expectStatus(200, await admin.get<JsonObject>(`/api/v1/logs/audit/${alert.event_id}`));
        expect(entry).toMatchObject({ event: 'LIMIT_TIER_REACHED', object_id: alert.id, run_id: alert.run_id });
      }
      const first = told[0]?.id ?? '';
      const sent = await waitFor(async () => {
        const deliveries = await deliveriesOf(first);
        return deliveries.every(({ status }) => status === 'delivered') && deliveries;
      });
      expect(sent.map(({ channel_slug }) => channel_slug).sort()).toEqual(['console', 'tiers']);
      const id = sent.find(({ channel_slug }) => channel_slug === 'tiers')?.id;
      const request = receiver.at('/tiers').find(({ headers }) => headers['webhook-id'] === id);
      const body = new Webhook(secret).verify(request?.body ?? '', request?.headers as Record<string, string>);
      expect(body).toMatchObject({
        type: 'limit.tier_reached',
        data: {
          id: first,
          tier: 50,
          policy_id: policy.id,
          text: expect.stringContaining('50 % of the limit on requests of 10'),
        },
      });
    }
  });

  test('is told at 100 % without any settings, once however often the limit refuses, and never when switched off', async () => {
    const plain = await makePolicy(admin, limited('plain', undefined));
    const silent = await makePolicy(admin, limited('silent', { enabled: false }));
    expect((await calls('plain', 13)).slice(9)).toEqual([200, 402, 402, 402]);
    await calls('silent', 12);
    expect((await alertsOf(plain.id)).map(({ tier }) => tier)).toEqual([100]);
    expect(await alertsOf(silent.id)).toEqual([]);
  });

  test('is told for each subject by itself, and nobody outside is told by a policy in shadow', async () => {
    await goodWebhook('apart');
    const limit = { type: 'requests', max: 2, window: { per: 'day' }, count_per: 'session' };
    const document = limited('apart', { tiers: [50], channels: ['apart'] }, { limit });
    const policy = await makePolicy(admin, document);
    for (const session of ['one', 'two', 'one', 'two']) await call('apart', { 'x-aos-session-id': session });
    const told = await alertsOf(policy.id);
    expect(told.map(({ tier }) => tier).sort()).toEqual([100, 100, 50, 50]);
    expect(new Set(told.map(({ subject }) => subject)).size).toBe(2);
    const shadow = await makePolicy(admin, limited('dark', { tiers: [50], channels: ['apart'] }), { mode: 'shadow' });
    await calls('dark', 5);
    const [alert] = await alertsOf(shadow.id);
    expect(alert).toMatchObject({ mode: 'shadow', tier: 50 });
    expect(await deliveriesOf(alert?.id ?? '')).toEqual([]);
  });

  test('stays told when its policy is edited; a limit lowered below what is used is told without a call', async () => {
    const alerts = { tiers: [50, 90], channels: [] };
    const policy = await makePolicy(admin, limited('edited', alerts));
    await calls('edited', 5);
    const ids = async () => (await alertsOf(policy.id)).map(({ id, tier }) => `${tier} ${id}`);
    const before = await ids();
    expect(before).toHaveLength(1);
    const change = (max: number) => {
      const document = limited('edited', alerts, { limit: { type: 'requests', max, window: { per: 'day' } } });
      return admin.put(`/api/v1/policies/${policy.id}`, { ...document, reason: 'a test' });
    };
    expectStatus(200, await change(8));
    await calls('edited', 1);
    expect(await ids()).toEqual(before);
    expectStatus(200, await change(6));
    const later = await waitFor(async () => (await alertsOf(policy.id)).length === 3 && alertsOf(policy.id), {
      what: 'tiers of a lowered limit',
    });
    expect(later.map(({ tier }) => tier).sort((a, b) => Number(a) - Number(b))).toEqual([50, 90, 100]);
    expect(later.find(({ tier }) => tier === 100)?.decision_id).toBeNull();
  });

  test('warns ahead when a limit will be spent before its window ends, once', async () => {
    // A time zone in which it is about eight in the morning: a third of the day has gone.
    const ahead = ((8 - new Date().getUTCHours() + 36) % 24) - 12;
    const timezone = `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
    const limit = { type: 'requests', max: 10, window: { per: 'day', timezone } };
    const policy = await makePolicy(admin, limited('ahead', { tiers: [], forecast_hours: 23 }, { limit }));
    await calls('ahead', 6);
    const told = () => alertsOf(policy.id, '&kind=forecast');
    const [alert] = await waitFor(async () => (await told()).length > 0 && told());
    expect(alert).toMatchObject({ tier: null, text: expect.stringContaining('If it goes on like this') });
    await calls('ahead', 1);
    expect(await told()).toHaveLength(1);
  });

  test('that asks for it stays open until somebody acknowledges it', async () => {
    const policy = await makePolicy(admin, limited('asks', { tiers: [10], requires_ack: true }));
    await calls('asks', 1);
    const [alert] = await alertsOf(policy.id, '&status=open');
    const acknowledge = () =>
      admin.post<Alert & Refused>(`/api/v1/alerts/${alert?.id}/acknowledge`, { reason: 'looking at it' });
    const after = expectStatus(200, await acknowledge());
    expect(after).toMatchObject({ status: 'acknowledged', acknowledge_reason: 'looking at it' });
    expect(await alertsOf(policy.id, '&status=open')).toEqual([]);
    expect((await acknowledge()).status).toBe(409);
    const entries = await gateway.rows('select event, reason from audit_ledger where object_id = $1 order by id', [
      alert?.id,
    ]);
    expect(entries.map(({ event }) => event)).toEqual(['LIMIT_TIER_REACHED', 'LIMIT_ALERT_ACKNOWLEDGED']);
  });
});

describe('an alert whose policy says more of whom it tells when', () => {
  const deliveryOf = async (alert?: Alert) =>
    (await deliveriesOf(alert?.id ?? '')).map(({ channel_slug, status }) => `${channel_slug} ${status}`);

  test('is told over the channels of its tier; they have to be fit, and stay while they are named', async () => {
    await goodWebhook('usual');
    await goodWebhook('pager');
    const alerts = { tiers: [10, 20], channels: ['usual'], tier_channels: { '20': ['pager'], '100': ['pager'] } };
    const policy = await makePolicy(admin, limited('of-tiers', alerts));
    await calls('of-tiers', 10);
    const told = async () => Promise.all((await alertsOf(policy.id)).map(deliveryOf));
    await waitFor(async () => (await told()).flat().every((of) => of.endsWith(' delivered')));
    expect(await told()).toEqual([['usual delivered'], ['pager delivered'], ['pager delivered']]);
    expect((await admin.del<Refused>('/api/v1/channels/pager')).status).toBe(409);
    const unknown = limited('of-none', { tiers: [20], channels: [], tier_channels: { '20': ['pagr'] } });
    const draft = expectStatus(201, await admin.post<{ id: string }>('/api/v1/policies', unknown));
    const refused = await admin.post<Refused>(`/api/v1/policies/${draft.id}/activate`, { reason: 'a test' });
    expect(refused.body.error.message).toContain('controls[0].alerts.tier_channels["20"]: there is no channel "pagr"');
  });

  test('is told again while its tier stays reached and nobody acknowledged it; its record stays one', async () => {
    const { secret = '' } = await goodWebhook('again');
    const alerts = { tiers: [10], channels: ['again', 'console'], repeat_minutes: 60 };
    const policy = await makePolicy(admin, limited('again', alerts));
    await calls('again', 1);
    const now = async () => (await alertsOf(policy.id))[0] as Alert;
    const first = await now();
    expect(first.repeats).toBe(0);
    expect(Date.parse(first.repeat_at ?? '') - Date.parse(first.fired_at)).toBe(3_600_000);
    const due = () => gateway.change(`update alerts set repeat_at = fired_at where id = '${first.id}'`);
    await due();
    await waitFor(async () => (await now()).repeats === 1);
    const sent = await waitFor(async () => {
      const all = (await deliveriesOf(first.id)).filter(({ channel_slug }) => channel_slug === 'again');
      return all.length === 2 && all.every(({ status }) => status === 'delivered') && all;
    });
    const bodies = sent.map(({ id }) => {
      const request = receiver.at('/again').find(({ headers }) => headers['webhook-id'] === id);
      return new Webhook(secret).verify(request?.body ?? '', request?.headers as Record<string, string>);
    });
    expect(bodies.find((of) => (of as { data: Alert }).data.repeats === 1)).toMatchObject({
      data: { id: first.id, text: expect.stringContaining('is still reached: 1 used') },
    });
    const entries = await gateway.rows('select from audit_ledger where object_id = $1', [first.id]);
    expect(entries).toHaveLength(1);

    // Not where the tier is not reached any more; it may be again later.
    const limit = { type: 'requests', max: 1000, window: { per: 'day' } };
    const raised = { ...limited('again', alerts, { limit }), reason: 'a test' };
    expectStatus(200, await admin.put(`/api/v1/policies/${policy.id}`, raised));
    await due();
    await waitFor(async () => Date.parse((await now()).repeat_at ?? '') > Date.parse(first.repeat_at ?? '') - 1);
    expect((await now()).repeats).toBe(1);
    expectStatus(200, await admin.post(`/api/v1/alerts/${first.id}/acknowledge`, { reason: 'a test' }));
    expect(await now()).toMatchObject({ repeats: 1, repeat_at: null });
  });

  test('waits for the end of quiet hours below the whole limit, and is recorded at once', async () => {
    await goodWebhook('asleep');
    const hour = (ahead: number) => `${String((new Date().getUTCHours() + ahead + 24) % 24).padStart(2, '0')}:00`;
    const quiet_hours = { from: hour(-1), to: hour(3) };
    const policy = await makePolicy(admin, limited('asleep', { tiers: [10], channels: ['asleep'], quiet_hours }));
    await calls('asleep', 10);
    const [early, whole] = await alertsOf(policy.id);
    expect([early?.tier, whole?.tier]).toEqual([10, 100]);
    await waitFor(async () => (await deliveryOf(whole)).join() === 'asleep delivered');
    const [waiting] = await deliveriesOf(early?.id ?? '');
    expect(waiting).toMatchObject({ status: 'pending', attempts: 0 });
    expect(waiting?.next_attempt_at?.slice(11)).toBe(`${quiet_hours.to}:00.000Z`);
    expectStatus(200, await admin.post(`/api/v1/deliveries/${waiting?.id}/retry`));
    await waitFor(async () => (await deliveryOf(early)).join() === 'asleep delivered');
  });
});

describe('a delivery', () => {
  test('that fails waits for its next attempt, and is made at once when a person asks for it', async () => {
    await goodWebhook('shaky');
    receiver.answers.set('/shaky', 500);
    const policy = await makePolicy(admin, limited('shaky', { tiers: [10], channels: ['shaky'] }));
    await calls('shaky', 1);
    const [alert] = await alertsOf(policy.id);
    const first = async () => (await deliveriesOf(alert?.id ?? ''))[0];
    const failed = await waitFor(async () => ((await first())?.attempts ?? 0) > 0 && first());
    expect(failed).toMatchObject({ status: 'pending', last_error: 'the receiver answered 500' });
    const wait_ms = Date.parse(failed?.next_attempt_at ?? '') - Date.parse(failed?.log[0]?.at ?? '');
    expect(wait_ms).toBeGreaterThan(3_000);
    expect(wait_ms).toBeLessThan(60_000);
    const failing = await admin.get<Channel>('/api/v1/channels/shaky');
    expect(failing.body.failing_since).not.toBeNull();

    receiver.answers.delete('/shaky');
    expectStatus(200, await admin.post(`/api/v1/deliveries/${failed?.id}/retry`));
    await waitFor(async () => (await first())?.status === 'delivered');
    const ids = receiver.at('/shaky').map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids.filter((id) => id === failed?.id)).size).toBe(1);
    const { body } = await admin.get<Channel>('/api/v1/channels/shaky');
    expect(body).toMatchObject({
      failing_since: null,
      last_delivery: { status: 'delivered', error: null, latency_ms: expect.any(Number) },
      last_week: { delivered: 2, given_up: 0, failed_attempts: 1 },
    });
    const { items } = expectStatus(200, await admin.get<List<Channel>>('/api/v1/channels?limit=200'));
    expect(items.find(({ id }) => id === body.id)).toEqual(body);
    expect((await admin.get<Channel>('/api/v1/channels/console')).body).toMatchObject({
      last_delivery: { status: 'delivered', latency_ms: null },
    });
    expect((await admin.post(`/api/v1/deliveries/${failed?.id}/retry`)).status).toBe(409);
  });

  test('that was given up is seen among the dead and in the system records', async () => {
    await goodWebhook('gone');
    receiver.answers.set('/gone', 410);
    const policy = await makePolicy(admin, limited('gone', { tiers: [10], channels: ['gone'] }));
    await calls('gone', 1);
    const [alert] = await alertsOf(policy.id);
    const dead = await waitFor(async () => {
      const { items } = (await admin.get<List<Delivery>>('/api/v1/deliveries?status=dead')).body;
      return items.find(({ alert_id }) => alert_id === alert?.id);
    });
    expect(dead).toMatchObject({ status: 'dead', attempts: 1, next_attempt_at: null, channel_slug: 'gone' });
    const records = await gateway.rows('select event_type from system_records where correlation_id = $1 order by id', [
      dead.id,
    ]);
    expect(records.map(({ event_type }) => event_type)).toEqual(['DEGRADED_ENTER', 'ERROR']);
    expect((await admin.get<Channel>('/api/v1/channels/gone')).body).toMatchObject({
      last_delivery: { status: 'dead', error: 'the receiver answered 410: it is gone for good' },
      last_week: { delivered: 1, given_up: 1, failed_attempts: 1 },
    });
  });
});
