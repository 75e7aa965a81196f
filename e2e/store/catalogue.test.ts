import { makeId } from '@aos/server/base/deps.ts';
import { migrate } from '@aos/server/store/migrate.ts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseKinds } from '../parts/database.ts';
import { freshStore, makeTenant, type TestStore } from '../parts/store.ts';

/** Tables without a tenant, each for a reason: their rows belong to the process or to the schema. */
const without_tenant = ['tenants', 'instances', 'partitioned_tables', 'schema_migrations'];
const write_once = [
  'traces',
  'step_rows',
  'llm_run_records',
  'decisions',
  'violations',
  'audit_ledger',
  'system_records',
  'policy_versions',
  'snapshots',
  'prices',
];
const by_month = [
  'runs',
  'traces',
  'step_rows',
  'llm_run_records',
  'decisions',
  'violations',
  'audit_ledger',
  'system_records',
];

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`the catalogue ${title}`, () => {
    let store: TestStore;
    let owner: pg.Client;
    const rowsOf = async <T>(text: string, values: unknown[] = []) => (await owner.query(text, values)).rows as T[];

    beforeAll(async () => {
      store = await freshStore(kind);
      owner = new pg.Client({ connectionString: store.url, options: '-c search_path=aos' });
      await owner.connect();
    });
    afterAll(async () => {
      await owner?.end();
      await store?.drop();
    });

    it('isolates every table that has a tenant: row-level security, forced, for reading and writing', async () => {
      const tables = await rowsOf<{
        name: string;
        rls: boolean;
        forced: boolean;
        has_tenant: boolean;
        complete: boolean;
      }>(
        `select c.relname as name, c.relrowsecurity as rls, c.relforcerowsecurity as forced,
            exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') as has_tenant,
            exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd = '*' and p.polqual is not null and p.polwithcheck is not null) as complete
          from pg_class c where c.relnamespace = 'aos'::regnamespace and c.relkind in ('r', 'p')`,
      );
      expect(tables.length).toBeGreaterThan(40);
      const tenantless = tables.filter((table) => !table.has_tenant).map((table) => table.name);
      expect(tenantless.sort()).toEqual([...without_tenant].sort());
      const open = tables.filter(
        (table) => (table.has_tenant || table.name === 'tenants') && !(table.rls && table.forced && table.complete),
      );
      expect(open.map((table) => table.name)).toEqual([]);
    });

    it('reads views with the rights of who asks, and has no materialized one', async () => {
      const views = await rowsOf<{ name: string; kind: string; options: string[] }>(
        `select relname as name, relkind as kind, reloptions as options from pg_class
          where relnamespace = 'aos'::regnamespace and relkind in ('v', 'm')`,
      );
      expect(views).toEqual([{ name: 'steps', kind: 'v', options: ['security_invoker=true'] }]);
    });

    it('starts every primary key, and every foreign key to a tenant table, with the tenant', async () => {
      const keys = await rowsOf<{ name: string; first: string; kind: string; target: string | null }>(
        `select k.conrelid::regclass::text as name, k.contype as kind, k.confrelid::regclass::text as target,
            (select a.attname from pg_attribute a where a.attrelid = k.conrelid and a.attnum = k.conkey[1]) as first
          from pg_constraint k join pg_class c on c.oid = k.conrelid
          where c.relnamespace = 'aos'::regnamespace and k.contype in ('p', 'f')`,
      );
      const wrong = keys.filter((key) => !without_tenant.includes(key.name) && key.first !== 'tenant_id');
      expect(wrong).toEqual([]);
    });

    it('gives the runtime role no ownership, no TRUNCATE, no bypass, and no change of what is write-once', async () => {
      const [role] = await rowsOf<{ rolsuper: boolean; rolbypassrls: boolean; owns: string }>(
        `select rolsuper, rolbypassrls, (select count(*) from pg_class where relowner = r.oid) as owns from pg_roles r where rolname = 'aos_runtime'`,
      );
      expect(role).toEqual({ rolsuper: false, rolbypassrls: false, owns: '0' });
      const grants = await rowsOf<{ name: string }>(
        `select table_name as name from information_schema.role_table_grants
          where grantee = 'aos_runtime' and table_schema = 'aos' and (privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER')
            or (privilege_type = 'DELETE' and table_name = any ($1))
            or (privilege_type = 'UPDATE' and table_name = any ($1) and table_name not in ('traces', 'violations')))`,
        [write_once],
      );
      expect(grants).toEqual([]);
    });

    it('lets the runtime role only read what the schema says about itself', async () => {
      const grants = await rowsOf<{ name: string; right: string }>(
        `select table_name as name, privilege_type as right from information_schema.role_table_grants
          where grantee = 'aos_runtime' and table_schema = 'aos'
            and table_name in ('partitioned_tables', 'schema_migrations') order by 1`,
      );
      expect(grants).toEqual([
        { name: 'partitioned_tables', right: 'SELECT' },
        { name: 'schema_migrations', right: 'SELECT' },
      ]);
    });

    it('refuses UPDATE, DELETE and TRUNCATE of what is write-once even to its owner, partitions included', async () => {
      const at = new Date().toISOString();
      await owner.query(
        `insert into audit_ledger (tenant_id, id, event, actor_type, actor_id, object_type, object_id, occurred_at)
        values ($1, $2, 'TEST', 'system', 'test', 'test', 'test', $3)`,
        [store.tenant_id, makeId('event'), at],
      );
      for (const statement of ["update audit_ledger set reason = 'changed'", 'delete from audit_ledger']) {
        await expect(owner.query(statement)).rejects.toThrow('write-once');
      }
      const parts = await rowsOf<{ name: string }>(
        `select c.relname as name from pg_class c where c.relnamespace = 'aos'::regnamespace and c.relkind in ('r', 'p')
          and exists (select from unnest($1::text[]) t where c.relname = t or c.relname like t || '\\_20%')`,
        [write_once],
      );
      expect(parts.length).toBeGreaterThan(write_once.length);
      for (const { name } of parts)
        await expect(owner.query(`truncate ${name} cascade`), name).rejects.toThrow('write-once');
    });

    it('lets a trace be completed and a violation be linked, once', async () => {
      const id = makeId('trace');
      const at = new Date().toISOString();
      await store.db.tenant(store.tenant_id, (tx) =>
        tx.query('insert into traces (tenant_id, id, run_id, started_at) values ($1, $2, $3, $4)', [
          store.tenant_id,
          id,
          makeId('run'),
          at,
        ]),
      );
      const complete = () =>
        store.db.tenant(store.tenant_id, (tx) =>
          tx.query('update traces set completed_at = $2 where id = $1', [id, new Date().toISOString()]),
        );
      await complete();
      await expect(complete()).rejects.toThrow('column completed_at may not change');
      const rename = store.db.tenant(store.tenant_id, (tx) =>
        tx.query("update traces set run_id = 'other' where id = $1", [id]),
      );
      await expect(rename).rejects.toThrow('column run_id may not change');
    });

    it('shows nothing of one tenant to another, and nothing at all without a tenant', async () => {
      const other = await makeTenant(store.db, 'other');
      const insert = (tenant_id: string) =>
        store.db.tenant(store.tenant_id, (tx) =>
          tx.query('insert into actors (tenant_id, id, slug, name, created_at) values ($1, $2, $2, $2, now())', [
            tenant_id,
            makeId('actor'),
          ]),
        );
      await insert(store.tenant_id);
      await expect(insert(other)).rejects.toThrow('row-level security');
      const count = (tx: { query<T>(text: string): Promise<T[]> }) =>
        tx.query<{ n: string }>('select count(*) as n from actors');
      expect(await store.db.tenant(other, count)).toEqual([{ n: '0' }]);
      expect(await store.db.installation(count)).toEqual([{ n: '0' }]);
      expect(await store.db.tenant(store.tenant_id, count)).toEqual([{ n: '1' }]);
    });

    it('partitions high-volume tables by the month in their ids, ahead of time', async () => {
      for (const name of by_month) {
        const parts = await rowsOf<{ n: string }>(
          'select count(*) as n from pg_inherits where inhparent = $1::regclass',
          [name],
        );
        expect(Number(parts[0]?.n), name).toBe(4);
      }
      const [row] = await rowsOf<{ month: string }>(
        "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY_MM') as month",
      );
      const rows = await rowsOf<{ part: string }>('select tableoid::regclass::text as part from audit_ledger limit 1');
      expect(rows[0]?.part).toBe(`audit_ledger_${row?.month}`);
    });

    it('is migrated by several processes at once, one after the other, and stays as it is afterwards', async () => {
      const outcomes = await Promise.all([1, 2, 3].map(() => migrate(store.url)));
      expect(outcomes.flatMap((outcome) => outcome.applied)).toEqual([]);
    });
  });
}
