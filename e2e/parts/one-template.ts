import { randomBytes } from 'node:crypto';
import { databaseKinds, dropOn } from './database.ts';

/** Once around all tests: names the template of their databases, and removes it wherever somebody made it. */

const name = `aos_test_template_${randomBytes(8).toString('hex')}`;

export function setup(): void {
  process.env.AOS_TEST_TEMPLATE = name;
}

export async function teardown(): Promise<void> {
  for (const { kind, missing } of await databaseKinds())
    if (missing === null) for (const each of [name, `${name}_unfinished`]) await dropOn(kind, each);
}
