import type { JsonObject } from '@aos/core/base/json.ts';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Api, api, makeKey } from '../parts/client.ts';
import { startApp, type TestApp } from './app.ts';
import { rowsOf } from './rows.ts';

/** The API of access on a database of its own. `withApi` starts the API. */

export let app: TestApp;
export let admin: Api;

/** For the tests of the file that calls it. */
export function withApi(): void {
  beforeAll(async () => {
    app = await startApp();
    admin = api(app);
  });
  afterAll(() => app.close());
}

export interface ErrorBody {
  error: { code: string; message: string };
}

export const as = async (fields: object): Promise<Api> => api(app, (await makeKey(admin, fields)).secret);
export const refused = async (sent: Promise<{ status: number; body: unknown }>, status: number, message: RegExp) => {
  const answer = await sent;
  expect([answer.status, (answer.body as ErrorBody).error.message]).toEqual([status, expect.stringMatching(message)]);
};
export const reason = 'because a test says so';
let count = 0;
export const fresh = (word: string) => `${word}-${++count}`;

interface Entry {
  event: string;
  api_key_id: string;
  reason: string | null;
  before: JsonObject | null;
  after: JsonObject | null;
  request_id: string;
}
export const ledgerOf = (id: string) =>
  rowsOf<Entry>(app.database.url, 'select * from aos.audit_ledger where object_id = $1 order by id', [id]);
