import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeKeyText } from '@aos/core/access/key-text.ts';
import { sha256Hex } from '@aos/server/base/deps.ts';
import { authenticate, IdentityCache } from '@aos/server/http/authenticate.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Api, api, expectStatus, makeKey, waitFor } from '../parts/client.ts';
import { beforeItEnds } from '../parts/ending.ts';
import { startApp, type TestApp } from './app.ts';

let app: TestApp;
let admin: Api;
beforeAll(async () => {
  app = await startApp();
  admin = api(app);
});
afterAll(() => app.close());

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const path = '/api/v1/projects';

async function ask(headers: Record<string, string>) {
  const answer = await fetch(`${app.url}${path}`, { headers });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

describe('a key', () => {
  test('is taken from Authorization, X-AOS-Key, or where clients of Anthropic put it', async () => {
    const key = app.admin_key;
    for (const headers of [
      bearer(key),
      { authorization: `bearer  ${key}` },
      { 'x-aos-key': key },
      { 'x-api-key': key },
    ]) {
      expect((await ask(headers)).status).toBe(200);
    }
    expect((await ask({ 'x-aos-key': key, authorization: 'Basic cHJveHk6cHJveHk=' })).status).toBe(200);
    expect((await ask({ authorization: `Basic ${key}`, 'x-api-key': key })).status).toBe(401);
  });

  test('that is missing, malformed, made up or cut is refused with one and the same body', async () => {
    const { text: expected } = await ask({});
    expect(JSON.parse(expected).error).toMatchObject({ code: 'unauthenticated', type: 'authentication_error' });
    const wrong: Record<string, string>[] = [
      bearer(''),
      bearer('x'),
      bearer(app.admin_key.slice(4)),
      bearer(`${app.admin_key.slice(4)}x`),
      bearer(`x${app.admin_key}`),
      bearer(app.admin_key.toUpperCase()),
      bearer("' or '1'='1' -- aaaaaaaaaaaaa"),
      bearer(`${app.admin_key} ${app.admin_key}`),
      { authorization: app.admin_key },
      { authorization: `Token ${app.admin_key}` },
      { 'x-aos-key': 'a'.repeat(24) },
      { 'x-aos-key': 'a'.repeat(257) },
      { 'x-api-key': `${'a'.repeat(30)}é` },
    ];
    for (const headers of wrong) {
      const answer = await ask(headers);
      expect([answer.status, answer.text]).toEqual([401, expected]);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('that claims to be ours and has a wrong checksum gets a hint', async () => {
    const made_up = makeKeyText('live', (bytes) => randomBytes(bytes));
    expect((await ask(bearer(made_up))).text).not.toContain('checksum');
    expect((await ask(bearer(`${made_up.slice(0, -1)}_`))).text).toContain('mistyped or cut');
    expect((await ask(bearer(app.admin_key.slice(0, -1)))).text).toContain('mistyped or cut');
  });

  test('made of anything never does more than fail', async () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.string(),
      fc.constantFrom("';--", '\\', '%00', '{"a":1}'),
    );
    await fc.assert(
      fc.asyncProperty(hostile, fc.constantFrom('authorization', 'x-aos-key', 'x-api-key'), async (text, name) => {
        const value = name === 'authorization' ? `Bearer ${text}` : text;
        const outcome = await authenticate(app.deps, { [name]: value }, '').catch(
          (error: { code?: string }) => error.code,
        );
        expect(outcome).toBe('unauthenticated');
      }),
      { numRuns: 300 },
    );
    expect(app.deps.logged.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  test('works until it expires or is revoked, and not a request longer', async () => {
    const expiring = await beforeItEnds(async (expires_at) => {
      const key = await makeKey(admin, { role: 'viewer', expires_at });
      expect((await ask(bearer(key.secret))).status).toBe(200);
      return key;
    });
    expect((await ask(bearer(expiring.secret))).status).toBe(401);

    const revoked = await makeKey(admin, { role: 'viewer' });
    expect((await ask(bearer(revoked.secret))).status).toBe(200);
    expectStatus(200, await admin.post(`/api/v1/api-keys/${revoked.id}/revoke`, { reason: 'lost' }));
    expect((await ask(bearer(revoked.secret))).status).toBe(401);
  });

  test('that was used says when, soon and without being waited for', async () => {
    const key = await makeKey(admin, { role: 'viewer' });
    const used = () =>
      admin.get<{ last_used_at: string | null }>(`/api/v1/api-keys/${key.id}`).then(({ body }) => body.last_used_at);
    expect(await used()).toBeNull();
    await Promise.all(Array.from({ length: 5 }, () => ask(bearer(key.secret))));
    await waitFor(used, { what: 'the last use' });
    // On a slow machine the first note may be written while some of the five are still being asked.
    await sleep(1_500);
    const first = await used();
    await ask(bearer(key.secret));
    await sleep(1_500);
    expect(await used()).toBe(first);
  });

  test('that was used says from where and with which program, to those who may read logs', async () => {
    const key = await makeKey(admin, { role: 'viewer' });
    await ask({ ...bearer(key.secret), 'user-agent': `billing\u00e9/2.1 ${'x'.repeat(200)}` });
    const read = (of: typeof admin) =>
      of.get<Record<string, unknown>>(`/api/v1/api-keys/${key.id}`).then(({ body }) => body);
    const seen = await waitFor(async () => {
      const of = await read(admin);
      return of.last_used_at === null ? undefined : of;
    });
    expect(seen).toMatchObject({
      last_used_ip: '127.0.0.1',
      last_used_client: expect.stringMatching(/^billing.*\/2\.1 x+$/),
    });
    expect(String(seen.last_used_client)).toHaveLength(120);
    expect(await read(api(app, key.secret))).toMatchObject({ last_used_ip: null, last_used_client: null });
    expectStatus(200, await admin.post(`/api/v1/api-keys/${key.id}/revoke`, { reason: 'lost' }));
    const { body } = await admin.get(`/api/v1/logs/audit?object=${key.id}`);
    expect(JSON.stringify(body)).not.toContain('billing');
  });
});

describe('the cache of identities', () => {
  test('shares one look-up among calls that come together, and knows the control epoch', async () => {
    const key = await makeKey(admin);
    const cache = new IdentityCache(app.deps);
    const identities = await Promise.all(Array.from({ length: 50 }, () => cache.get(bearer(key.secret), '')));
    expect(new Set(identities).size).toBe(1);
    expect(identities[0]).toMatchObject({
      role: 'service',
      of_installation: true,
      control_epoch: expect.stringMatching(/^\d+$/),
    });
    expect(await cache.get(bearer(key.secret), '')).toBe(identities[0]);
  });

  test('takes no part of a key for the key', async () => {
    const cache = new IdentityCache(app.deps);
    const key = await makeKey(admin);
    await cache.get(bearer(key.secret), '');
    for (const near of [key.secret.slice(0, -1), `${key.secret}0`, key.secret.toLowerCase()]) {
      await expect(cache.get(bearer(near), '')).rejects.toMatchObject({ code: 'unauthenticated' });
    }
  });

  test('forgets a revoked key within a second by itself, at once when told, and gives every change a new epoch', async () => {
    const key = await makeKey(admin);
    const [slow, told] = [new IdentityCache(app.deps), new IdentityCache(app.deps)];
    const { tenant_id, control_epoch } = await slow.get(bearer(key.secret), '');
    await told.get(bearer(key.secret), '');
    expectStatus(200, await admin.post(`/api/v1/api-keys/${key.id}/revoke`, { reason: 'lost' }));
    told.drop(tenant_id);
    await expect(told.get(bearer(key.secret), '')).rejects.toMatchObject({ code: 'unauthenticated' });
    const { control_epoch: later } = await told.get(bearer(app.admin_key), '');
    expect(BigInt(later)).toBeGreaterThan(BigInt(control_epoch));
    await sleep(1_100);
    await expect(slow.get(bearer(key.secret), '')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('keeps nothing of a look-up that was under way when told to forget', async () => {
    const key = await makeKey(admin);
    const cache = new IdentityCache(app.deps);
    const before = cache.get(bearer(key.secret), '');
    cache.drop('ten_00000000000000000000000000');
    const after = cache.get(bearer(key.secret), '');
    expect(await after).not.toBe(await before);
  });
});

describe('a session', () => {
  const session = async (headers: Record<string, string>) =>
    (await fetch(`${app.url}/api/v1/session`, { headers })).json();

  test('tells who the key is', async () => {
    const key = await makeKey(admin, { role: 'auditor', name: 'audit 2026' });
    expect(await session(bearer(key.secret))).toMatchObject({
      signed_in: true,
      tenant: { slug: 'default' },
      project: { slug: 'default' },
      api_key: { id: key.id, name: 'audit 2026' },
      role: 'auditor',
      permissions: ['read_own_runs', 'read', 'read_logs'],
    });
  });

  test('answers without a key, and with a bad one, that nobody is signed in', async () => {
    for (const headers of [{}, bearer('nonsense'), bearer(`${app.admin_key}x`)]) {
      expect(await session(headers)).toEqual({ signed_in: false });
    }
  });
});

test('an address with one bad key after the other is told to wait, without a look into the database', async () => {
  const few = await startApp(() => {}, { AOS_BAD_KEYS_PER_MINUTE: '5' });
  try {
    const tryKey = (key: string) =>
      fetch(`${few.url}/api/v1/projects`, { headers: { authorization: `Bearer ${key}` } });
    const guesses = Array.from({ length: 12 }, () => makeKeyText('live', (bytes) => randomBytes(bytes)));
    // Its clock stands still: what is forgiven meanwhile would depend on the machine.
    vi.spyOn(few.deps.clock, 'monotonic').mockReturnValue(few.deps.clock.monotonic());
    const looked = vi.spyOn(few.deps.db, 'presented');
    expect((await tryKey(few.admin_key)).status).toBe(200);
    const answers = await Promise.all(guesses.map(tryKey));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(5).fill(401), ...Array(7).fill(429)]);
    for (const { status, headers } of answers)
      if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await tryKey(few.admin_key)).status).toBe(200);
    expect(looked.mock.calls.filter(([hash]) => hash !== sha256Hex(few.admin_key))).toHaveLength(5);
  } finally {
    await few.close();
  }
});
