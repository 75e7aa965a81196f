import type { JsonObject } from '@aos/core/base/json.ts';
import { sealContext } from '@aos/server/base/vault.ts';
import { describe, expect, test } from 'vitest';
import { expectStatus } from '../parts/client.ts';
import { admin, app, type ErrorBody, fresh, reason, refused, withApi } from './access-parts.ts';
import { rowsOf } from './rows.ts';

withApi();

describe('a provider', () => {
  const secretOf = async (id: unknown) => {
    const [row] = await rowsOf<{ tenant_id: string; secret_envelope: string }>(
      app.database.url,
      'select tenant_id, secret_envelope from aos.providers where id = $1',
      [id],
    );
    return row?.secret_envelope
      ? app.deps.vault.open(row.secret_envelope, sealContext(row.tenant_id, 'providers', String(id)))
      : null;
  };

  test('keeps its secret sealed, and shows it nowhere', async () => {
    const secret = 'sk-provider-secret-1';
    const made = expectStatus(201, await admin.post('/api/v1/providers', { slug: fresh('p'), kind: 'openai', secret }));
    expect(made).toMatchObject({ has_secret: true, base_url: 'https://api.openai.com/v1', enabled: true });
    expect(await secretOf(made.id)).toBe(secret);
    const rows = await Promise.all(
      ['providers', 'audit_ledger'].map((name) => rowsOf(app.database.url, `select * from aos.${name}`)),
    );
    expect(JSON.stringify([made, rows, app.deps.logged])).not.toContain(secret);
  });

  test('at a new address needs its secret again', async () => {
    const fields = { slug: fresh('p'), kind: 'openai', base_url: 'https://a.example/v1/', secret: 'sk-one' };
    const made = expectStatus(201, await admin.post('/api/v1/providers', fields));
    expect(made.base_url).toBe('https://a.example/v1');
    const path = `/api/v1/providers/${made.slug}`;
    await refused(admin.put(path, { base_url: 'https://evil.example/v1' }), 400, /secret is needed again/);
    expect(expectStatus(200, await admin.get(path)).base_url).toBe('https://a.example/v1');
    expectStatus(200, await admin.put(path, { base_url: 'https://a.example/v1', models: ['m'] }));
    expect(await secretOf(made.id)).toBe('sk-one');
    expectStatus(200, await admin.put(path, { base_url: 'https://b.example/v1', secret: 'sk-two' }));
    expect(await secretOf(made.id)).toBe('sk-two');
    const without = expectStatus(200, await admin.put(path, { base_url: 'http://127.0.0.1:1', secret: null }));
    expect([without.has_secret, await secretOf(made.id)]).toEqual([false, null]);
    expectStatus(200, await admin.put(path, { base_url: 'http://127.0.0.1:2' }));
  });

  test('is taken out of service and put back', async () => {
    const { slug } = expectStatus(201, await admin.post('/api/v1/providers', { slug: fresh('p'), kind: 'anthropic' }));
    const path = `/api/v1/providers/${slug}`;
    expect(expectStatus(200, await admin.del(path)).enabled).toBe(false);
    expect(expectStatus(200, await admin.del(path)).enabled).toBe(false);
    expect(expectStatus(200, await admin.put(path, { enabled: true })).enabled).toBe(true);
  });

  test('has an address that is one, and a slug of its own', async () => {
    for (const base_url of [
      'ftp://x',
      'https://u:p@x',
      'https://x?a=1',
      'https://x#a',
      'javascript:1',
      'x',
      'http://',
    ]) {
      const answer = await admin.post<ErrorBody>('/api/v1/providers', { slug: fresh('p'), kind: 'openai', base_url });
      expect([base_url, answer.status, answer.body.error.code]).toEqual([base_url, 400, 'invalid_body']);
    }
    await refused(admin.post('/api/v1/providers', { slug: 'mock', kind: 'openai' }), 400, /built-in/);
    const slug = fresh('p');
    expectStatus(201, await admin.post('/api/v1/providers', { slug, kind: 'openai' }));
    await refused(admin.post('/api/v1/providers', { slug, kind: 'openai' }), 409, /already/);
  });
});

describe('a price', () => {
  const model = 'gpt-4o';
  const list = async (query: string) => {
    type Prices = { items: (JsonObject & { version: string })[]; next_cursor: string | null; total: number };
    return expectStatus(200, await admin.get<Prices>(`/api/v1/prices?${query}`));
  };

  test('of the tenant wins over the packaged one, version by version', async () => {
    const [packaged] = (await list(`provider=openai&model=${model}`)).items;
    expect(packaged).toMatchObject({ in_force: true, source: expect.stringMatching(/^genai-prices@/) });
    const price = { provider: 'openai', model, input_usd_per_million: 3, output_usd_per_million: '9.5', reason };
    const made = await Promise.all([1, 2, 3].map(() => admin.post<{ version: string }>('/api/v1/prices', price)));
    expect(made.map((answer) => expectStatus(201, answer).version).sort()).toEqual(['1', '2', '3']);
    const after = (await list(`provider=openai&model=${model}`)).items;
    expect(after.map(({ version, in_force }) => [version, in_force])).toEqual([
      ['3', true],
      ['2', false],
      ['1', false],
      [packaged?.version, false],
    ]);
    expect(after[0]?.tiers).toEqual([{ above_input_tokens: 0, rates: { input: '3', output: '9.5' } }]);
  });

  test('to come is not in force yet, and one of the past is refused', async () => {
    const price = { provider: 'openai', model: 'gpt-later', input_usd_per_million: '1', reason };
    const later = { ...price, effective_from: '2099-01-01T00:00:00.000Z' };
    expect(expectStatus(201, await admin.post('/api/v1/prices', later)).in_force).toBe(false);
    await refused(
      admin.post('/api/v1/prices', { ...price, effective_from: '2020-01-01T00:00:00.000Z' }),
      400,
      /has passed/,
    );
  });

  test('is said in one way, exactly', async () => {
    const price = { provider: 'openai', model: 'm', reason };
    const tiers = [{ above_input_tokens: 0, rates: { input: '1' } }];
    await refused(admin.post('/api/v1/prices', price), 400, /input_usd_per_million/);
    await refused(admin.post('/api/v1/prices', { ...price, tiers, input_usd_per_million: 1 }), 400, /tiers excludes/);
    await refused(
      admin.post('/api/v1/prices', { ...price, input_usd_per_million: 0.1234567 }),
      400,
      /at most 6 decimal/,
    );
    await refused(admin.post('/api/v1/prices', { ...price, input_usd_per_million: -1 }), 400, /zero or more/);
    await refused(admin.post('/api/v1/prices', { ...price, input_usd_per_million: 4e-10 }), 400, /at most 6 decimal/);
    expectStatus(201, await admin.post('/api/v1/prices', { ...price, tiers }));
    expectStatus(201, await admin.post('/api/v1/prices', { ...price, input_usd_per_million: 0.000001 }));
  });

  test('stands in a list whose pages join without gap or repetition', async () => {
    const ids: unknown[] = [];
    let cursor = '';
    let page: Awaited<ReturnType<typeof list>>;
    do {
      page = await list(`limit=200${cursor}`);
      ids.push(...page.items.map(({ id, source }) => `${source} ${id}`));
      cursor = `&cursor=${page.next_cursor}`;
    } while (page.next_cursor !== null);
    expect(ids.length).toBe(page.total);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
