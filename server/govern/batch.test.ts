import { describe, expect, it, vi } from 'vitest';
import { createBatcher } from './batch.ts';

const fulfilled = <T>(values: T[]): PromiseSettledResult<T>[] =>
  values.map((value) => ({ status: 'fulfilled', value }));

describe('a batcher', () => {
  it('hands on together what came together, per tenant, and answers each its own', async () => {
    const batches: string[] = [];
    const batcher = createBatcher<number, number>({
      max: 10,
      lanes: 1,
      spoils: () => false,
      run: async (tenant_id, items) => {
        batches.push(`${tenant_id}:${items.join(',')}`);
        return fulfilled(items.map((item) => item * 10));
      },
    });
    const answers = await Promise.all([batcher.add('a', 1), batcher.add('b', 2), batcher.add('a', 3)]);
    expect(answers).toEqual([10, 20, 30]);
    expect(batches.sort()).toEqual(['a:1,3', 'b:2']);
  });

  it('grows the next batch while its lanes are taken, up to the most', async () => {
    const sizes: number[] = [];
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const batcher = createBatcher<number, number>({
      max: 4,
      lanes: 1,
      spoils: () => false,
      run: async (_, items) => {
        sizes.push(items.length);
        await opened;
        return fulfilled(items);
      },
    });
    const first = batcher.add('a', 0);
    await vi.waitFor(() => expect(sizes).toEqual([1]));
    const rest = Array.from({ length: 9 }, (_, n) => batcher.add('a', n));
    open();
    await Promise.all([first, ...rest]);
    expect(sizes).toEqual([1, 4, 4, 1]);
    await batcher.idle();
  });

  it('lets the next batch leave before anybody hears of the last one', async () => {
    const happened: string[] = [];
    let land = (): void => undefined;
    const landed = new Promise<void>((resolve) => {
      land = resolve;
    });
    const batcher = createBatcher<number, number>({
      max: 10,
      lanes: 1,
      spoils: () => false,
      run: async (_, items) => {
        happened.push(`${items} left`);
        await landed;
        return fulfilled(items);
      },
    });
    const add = async (item: number) => happened.push(`${await batcher.add('a', item)} answered`);
    const first = add(1);
    await vi.waitFor(() => expect(happened).toEqual(['1 left']));
    const second = add(2);
    land();
    await Promise.all([first, second]);
    expect(happened).toEqual(['1 left', '2 left', '1 answered', '2 answered']);
  });

  it('fails only the items that failed', async () => {
    const batcher = createBatcher<number, number>({
      max: 10,
      lanes: 2,
      spoils: () => false,
      run: async (_, items) =>
        items.map((item) =>
          item === 2 ? { status: 'rejected', reason: new Error('two') } : { status: 'fulfilled', value: item },
        ),
    });
    const [one, two] = await Promise.allSettled([batcher.add('a', 1), batcher.add('a', 2)]);
    expect([one?.status, two?.status]).toEqual(['fulfilled', 'rejected']);
  });
});
