import { setImmediate as others } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

/** Work that goes on until it is told to end, and says when it begins and ends. */
function working() {
  const told: string[] = [];
  const ends: (() => void)[] = [];
  let n = 0;
  const work = (key: string) =>
    new Promise<void>((resolve) => {
      const name = `${key}${++n}`;
      told.push(`${name} begins`);
      ends.push(() => {
        told.push(`${name} ends`);
        resolve();
      });
    });
  return { told, work, end: (nth: number) => ends[nth]?.() };
}

test('a later look never ends before an earlier one, and all who ask meanwhile share one more', async () => {
  const { told, work, end } = working();
  const look = oneAtATime(work);
  const looks = [look('a'), look('a'), look('a'), look('b')];
  await others();
  expect(told).toEqual(['a1 begins', 'b2 begins']);
  end(1);
  end(0);
  await looks[0];
  await others();
  expect(told.slice(2)).toEqual(['b2 ends', 'a1 ends', 'a3 begins']);
  const last = look('a');
  end(2);
  await Promise.all([looks[1], looks[2]]);
  await others();
  expect(told.slice(5)).toEqual(['a3 ends', 'a4 begins']);
  end(3);
  await last;
});

test('one that fails tells who asked for it, and keeps nobody from the next', async () => {
  let n = 0;
  const look = oneAtATime(async () => {
    await others();
    if (++n === 1) throw new Error('the first');
  });
  const [first, second] = [look('a'), look('a')];
  await expect(first).rejects.toThrow('the first');
  await expect(second).resolves.toBeUndefined();
  await expect(look('a')).resolves.toBeUndefined();
  expect(n).toBe(3);
});
