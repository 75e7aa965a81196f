import { expect, test } from 'vitest';
import type { Database } from '../base/database.ts';
import { knownTenants } from './known-tenants.ts';

/** A database that counts how often it is asked, and a clock that stands. */
function asked(answers: () => Promise<string[]>) {
  const at = { ms: 0, times: 0 };
  const installation = () => {
    at.times++;
    return answers();
  };
  const db = { installation } as unknown as Database;
  const clock = { now: () => 0, follow: () => undefined, monotonic: () => at.ms };
  return { at, ask: () => knownTenants({ db, clock }) };
}

test('the tenants are asked for once a second, however many jobs want them', async () => {
  const { at, ask } = asked(async () => [`ten_${at.times}`]);
  expect(await Promise.all([ask(), ask()])).toEqual([['ten_1'], ['ten_1']]);
  at.ms = 999;
  expect(await ask()).toEqual(['ten_1']);
  at.ms = 1_000;
  expect(await ask()).toEqual(['ten_2']);
});

test('a database that did not answer is asked again at once', async () => {
  const { at, ask } = asked(async () => {
    if (at.times === 1) throw new Error('away');
    return ['ten_1'];
  });
  await expect(ask()).rejects.toThrow('away');
  expect(await ask()).toEqual(['ten_1']);
});
