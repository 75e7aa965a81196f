import { expect, test } from 'vitest';
import { Stopper } from './stopper.ts';

test('tells each listener once, and nobody who went away', () => {
  const stopper = new Stopper();
  const told: string[] = [];
  const leaving = () => told.push('who left');
  stopper.addEventListener('abort', () => told.push('first'));
  stopper.addEventListener('abort', leaving);
  stopper.addEventListener('abort', () => told.push('second'));
  stopper.removeEventListener('abort', leaving);
  expect([stopper.aborted, told]).toEqual([false, []]);
  stopper.abort();
  stopper.abort();
  expect([stopper.aborted, told]).toEqual([true, ['first', 'second']]);
});

test('is a signal of the platform for those who want one, before and after', () => {
  const stopper = new Stopper();
  const before = stopper.asAbortSignal();
  expect(before.aborted).toBe(false);
  stopper.abort();
  expect([before.aborted, stopper.asAbortSignal().aborted]).toEqual([true, true]);
});
