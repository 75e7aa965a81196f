import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, type TestStore } from '../parts/store.ts';

/** All that the catalogue says of a table, with its own name left out. */
const form = `
  select concat_ws(' ', 'column', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage,
      a.attcompression, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)) as says
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = $1::regclass and a.attnum > 0
  union all select concat_ws(' ', 'constraint', pg_get_constraintdef(oid)) from pg_constraint where conrelid = $1::regclass
  union all select concat_ws(' ', 'index', replace(pg_get_indexdef(indexrelid), relname, ''))
    from pg_index i join pg_class c on c.oid = i.indexrelid where indrelid = $1::regclass
  union all select concat_ws(' ', 'trigger', tgname, pg_get_triggerdef(oid)) from pg_trigger where tgrelid = $1::regclass
  union all select concat_ws(' ', 'policy', polname, pg_get_expr(polqual, polrelid)) from pg_policy where polrelid = $1::regclass
  union all select concat_ws(' ', 'table', relrowsecurity, relforcerowsecurity, relpersistence, reloptions, relacl)
    from pg_class where oid = $1::regclass
  order by 1`;

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`partitions of a month ${title}`, () => {
    let store: TestStore;
    const clients: pg.Client[] = [];
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: store.url });
      await client.connect();
      await client.query('set search_path = aos, public');
      clients.push(client);
      return client;
    };
    const tablesOf = async (client: pg.Client): Promise<string[]> => {
      const { rows } = await client.query<{ name: string }>(
        'select table_name as name from partitioned_tables order by 1',
      );
      return rows.map(({ name }) => name);
    };

    beforeAll(async () => {
      store = await freshStore(kind);
    });
    afterAll(async () => {
      for (const client of clients) await client.end();
      await store?.drop();
    });

    test('are made while others read and write the same tables in transactions that stay open', async () => {
      const [owner, other] = [await connect(), await connect()];
      const tables = await tablesOf(owner);
      await other.query('begin');
      for (const table of tables.toReversed()) {
        await other.query(`select count(*) from ${table}`);
        await other.query(`lock table only ${table} in row exclusive mode`);
      }
      await owner.query("set lock_timeout = '2s'");
      await owner.query("call ensure_partitions('2019-03-15', 2)").finally(() => other.query('rollback'));
      const { rows } = await owner.query(
        "select count(*)::int as made from pg_inherits where inhrelid::regclass::text ~ '_2019_0[34]$'",
      );
      expect(rows).toEqual([{ made: tables.length * 2 }]);
    });

    test('have the form of one that is made of its table', async () => {
      const owner = await connect();
      for (const table of await tablesOf(owner)) {
        await owner.query(`create table as_made partition of ${table} for values from ('a') to ('b')`);
        const { rows: made } = await owner.query(form, ['as_made']);
        const { rows: attached } = await owner.query(form, [`${table}_2019_03`]);
        await owner.query('drop table as_made');
        // Of its own: what PostgreSQL does not carry over, and how full its pages are.
        const own = /^(?:policy|trigger never_truncate|table)/;
        const texts = (rows: { says: string }[]) =>
          rows.map(({ says }) => says.replaceAll(/as_made|\w+_2019_03/g, 'it')).filter((says) => !own.test(says));
        expect(texts(attached)).toEqual(texts(made));
        expect(attached.some(({ says }) => says.startsWith('policy own_tenant'))).toBe(true);
        expect(attached.some(({ says }) => says.startsWith('table t t p'))).toBe(true);
      }
    });
  });
}
