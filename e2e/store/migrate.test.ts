import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@aos/server/store/migrate.ts';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseKinds, emptyDatabase, type TestDatabase } from '../parts/database.ts';

/** What every version has: the procedure that is called after each migration. */
const first = `create procedure ensure_partitions(timestamptz, int) language plpgsql as 'begin end';
  create table noted (nth bigint generated always as identity, name text)`;
const noting = (name: string) => `insert into noted (name) values ('${name}')`;

for (const { kind, title, missing } of await databaseKinds()) {
  describe.skipIf(missing)(`migrations ${title}`, () => {
    let database: TestDatabase;
    let folders: string;
    beforeEach(async () => {
      database = await emptyDatabase(kind);
      folders = await mkdtemp(join(tmpdir(), 'aos-migrations-'));
    });
    afterEach(async () => {
      await database?.drop();
      await rm(folders, { recursive: true, force: true });
    });

    /** Migrates as a version would that ships these files beside the first. */
    async function start(version: string, files: Record<string, string>): Promise<string[]> {
      const folder = join(folders, version);
      await mkdir(folder);
      for (const [name, text] of Object.entries({ '0001_first.sql': first, ...files }))
        await writeFile(join(folder, name), text);
      return (await migrate(database.url, folder)).applied;
    }

    async function noted(): Promise<string[]> {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      const { rows } = await client.query<{ name: string }>('select name from aos.noted order by nth');
      await client.end();
      return rows.map(({ name }) => name);
    }

    it('are applied in the order of their numbers, those too that land below one that was applied before', async () => {
      const five = { '0005_five.sql': noting('five') };
      expect(await start('between', five)).toEqual(['0001_first.sql', '0005_five.sql']);
      const all = { ...five, '0006_six.sql': noting('six'), '0004_four.sql': noting('four') };
      const later = { ...all, '0002_two.sql': noting('two') };
      expect(await start('later', later)).toEqual(['0002_two.sql', '0004_four.sql', '0006_six.sql']);
      expect(await noted()).toEqual(['five', 'two', 'four', 'six']);
      expect(await start('again', later)).toEqual([]);
    });

    it('refuse a database with one that this version does not have, and apply nothing', async () => {
      await start('newer', { '0003_three.sql': noting('three') });
      const older = start('older', { '0002_two.sql': noting('two') });
      await expect(older).rejects.toThrow('has migration 0003_three.sql, which this version does not have');
      expect(await noted()).toEqual(['three']);
    });

    it('refuse one that was applied with other contents, below a gap too', async () => {
      await start('one', { '0003_three.sql': noting('three') });
      const changed = { '0002_two.sql': noting('two'), '0003_three.sql': noting('changed') };
      await expect(start('two', changed)).rejects.toThrow('0003_three.sql was applied with other contents');
      expect(await noted()).toEqual(['three']);
    });
  });
}
