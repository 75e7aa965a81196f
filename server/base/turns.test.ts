import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('so many at once, the others in order, and beyond those who wait nobody; a failure gives its place back', async () => {
  const turns = new Turns(2, 3);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3, 4].map((n) =>
    turns.take(() => {
      begun.push(n);
      return new Promise<void>((resolve, reject) => ends.push(n === 0 ? () => reject(new Error('failed')) : resolve));
    }),
  );
  const settled = Promise.allSettled(all);
  await expect(turns.take(async () => undefined)).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
  expect(begun).toEqual([0, 1]);
  for (let n = 0; n < 5; n++) {
    ends[n]?.();
    await all[n]?.catch(() => undefined);
    await new Promise(setImmediate);
  }
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', ...Array(4).fill('fulfilled')]);
  expect(await turns.take(async () => 'free again')).toBe('free again');
});
