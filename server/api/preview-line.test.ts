import { expect, test } from 'vitest';
import { PreviewLine } from './preview-line.ts';

const always = async () => true;

test('so many at once, the others in the order in which they came; a failure gives its place on', async () => {
  const line = new PreviewLine(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3].map((n) =>
    line.inTurn(always, () => {
      begun.push(n);
      return new Promise<void>((resolve, reject) => {
        ends[n] = n === 0 ? () => reject(new Error('failed')) : resolve;
      });
    }),
  );
  const settled = Promise.allSettled(all);
  await expect.poll(() => begun, { timeout: 10_000 }).toEqual([0, 1]);
  ends[0]?.();
  await expect.poll(() => begun, { timeout: 10_000 }).toEqual([0, 1, 2]);
  ends[1]?.();
  await expect.poll(() => begun, { timeout: 10_000 }).toEqual([0, 1, 2, 3]);
  ends[2]?.();
  ends[3]?.();
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', ...Array(3).fill('fulfilled')]);
});

test('who is not wanted any more leaves the line, and those behind move up', async () => {
  const line = new PreviewLine(1);
  let end = () => {};
  const first = line.inTurn(always, () => new Promise<void>((resolve) => (end = resolve)));
  let is_wanted = true;
  let has_begun = false;
  const second = line.inTurn(
    async () => is_wanted,
    async () => {
      has_begun = true;
    },
  );
  const third = line.inTurn(always, async () => 'done');
  is_wanted = false;
  expect(await second).toBeNull();
  end();
  await first;
  expect(await third).toBe('done');
  expect(has_begun).toBe(false);
});
