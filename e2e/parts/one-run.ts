import { randomBytes } from 'node:crypto';
import { databaseKinds, dropAllOf } from './database.ts';

/** Once around all tests: names their run, after which all its databases are called, and removes those that are left. */

export function setup(): void {
  process.env.AOS_TEST_RUN ??= randomBytes(4).toString('hex');
}

export async function teardown(): Promise<void> {
  for (const { kind, missing } of await databaseKinds()) if (missing === null) await dropAllOf(kind);
}
