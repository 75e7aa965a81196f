import { makeId } from '@aos/server/base/deps.ts';
import { openDatabase } from '@aos/server/store/db.ts';
import { Filter, type Listing, readLongList } from '@aos/server/store/list.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshStore, type TestStore } from '../parts/store.ts';

let store: TestStore;
beforeAll(async () => {
  store = await freshStore('postgres');
  const { tenant_id } = store;
  await store.db.tenant(tenant_id, (tx) =>
    tx.query(
      "insert into projects (tenant_id, id, slug, name, created_at) values ($1, $2, 'a', 'A', now()), ($1, $3, 'b', 'B', now())",
      [tenant_id, makeId('project'), makeId('project')],
    ),
  );
});
afterAll(() => store?.drop());

const page = { limit: 1, cursor: null };
const nothing = async () => null;
const projects = (more: Partial<Listing> = {}): Listing => ({
  table: 'projects p',
  id: 'p.id',
  order: 'newest',
  filter: new Filter().where('p.tenant_id = ?', store.tenant_id),
  ...more,
});

test('a total that takes too long to count is left out, and the page is answered all the same', async () => {
  const quick = await readLongList(store.db, store.tenant_id, nothing, () => projects(), page);
  expect(quick.total).toBe(2);
  const slow = () => projects({ without: 'pg_sleep(0.4) is null' });
  const { rows, next_cursor, total } = await readLongList(store.db, store.tenant_id, nothing, slow, page);
  expect([rows, next_cursor, total]).toEqual([quick.rows, quick.next_cursor, null]);
});

test('a page that takes too long is refused with what to do about it, and the connection serves on', async () => {
  const db = openDatabase({
    url: store.url,
    max_connections: 1,
    statement_timeout_ms: 30_000,
    onIdleError: () => undefined,
  });
  try {
    const slow = () =>
      projects({ filter: new Filter().where('p.tenant_id = ?', store.tenant_id).always('pg_sleep(1) is not null') });
    const refused = readLongList(db, store.tenant_id, nothing, slow, page);
    await expect(refused).rejects.toMatchObject({
      name: 'Problem',
      code: 'invalid_query',
      message: expect.stringContaining('from, to'),
    });
    expect((await readLongList(db, store.tenant_id, nothing, () => projects(), page)).total).toBe(2);
  } finally {
    await db.close();
  }
});

test('every page is planned for the values that were asked for, and not compiled', async () => {
  const around = (rows: string) =>
    `select p.*, current_setting('plan_cache_mode') as planned, current_setting('jit') as jit from (${rows}) p`;
  const { rows } = await readLongList(store.db, store.tenant_id, nothing, () => projects({ around }), page);
  expect(rows[0]).toMatchObject({ planned: 'force_custom_plan', jit: 'off' });
});

test('any other failure is the first one, not what it brought about', async () => {
  const broken = readLongList(
    store.db,
    store.tenant_id,
    nothing,
    () => projects({ around: (rows) => `select 1 / 0 from (${rows}) p` }),
    page,
  );
  await expect(broken).rejects.toThrow('division by zero');
});
