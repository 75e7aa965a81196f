import { randomBytes } from 'node:crypto';
import { type Api, api } from '../../e2e/parts/client.ts';
import { emptyDatabase } from '../../e2e/parts/database.ts';
import { startServer } from '../../e2e/parts/processes.ts';
import { judge } from './judge.ts';
import { openStage, perform } from './perform.ts';
import type { Scenario } from './scenario.ts';
import { type Writers, watchWriters } from './writers.ts';

export interface Theatre {
  admin: Api;
  /** The address of the database, for whoever wants to show that foreign writers are seen. */
  database_url: string;
  writers: Writers;
  close(): Promise<void>;
}

/** One server on a database of its own for all scenarios; the database notes who writes. */
export async function openTheatre(): Promise<Theatre> {
  const database = await emptyDatabase('postgres');
  const server_name = `aos-${randomBytes(6).toString('hex')}`;
  const named = new URL(database.url);
  named.searchParams.set('application_name', server_name);
  const server = await startServer({ database_url: named.href });
  const writers = await watchWriters(database.url, server_name);
  return {
    admin: api(server),
    database_url: database.url,
    writers,
    close: async () => {
      await writers.close();
      await server.stop();
      await database.drop();
    },
  };
}

/** Brings the causes about, one after the other, and answers what of the effects is not as the file says. */
export async function play({ admin, writers }: Theatre, scenario: Scenario): Promise<string[]> {
  const stage = await openStage(admin, scenario);
  for (const [n, cause] of scenario.causes.entries()) {
    try {
      await perform(stage, cause);
    } catch (error) {
      return [`cause ${n + 1} (${Object.keys(cause)[0]}): ${(error as Error).message}`];
    }
  }
  const differing = await judge(stage, scenario.effects);
  const others = await writers.others();
  return [...differing, ...others.map((who) => `written by another than the server: ${who}`)];
}
