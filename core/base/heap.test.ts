import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from './heap.ts';

test('a heap gives back by instant, and in the order of adding where instants are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(20), fc.constant(null)), { maxLength: 200 }), (acts) => {
      const heap = new Heap<{ at_ms: number; n: number }>();
      let reference: { at_ms: number; n: number }[] = [];
      for (const [n, at_ms] of acts.entries()) {
        if (at_ms === null) {
          const [first] = reference;
          expect(heap.first).toEqual(first);
          expect(heap.take()).toEqual(first);
          reference = reference.slice(1);
        } else {
          heap.add({ at_ms, n });
          reference = [...reference, { at_ms, n }].sort((a, b) => a.at_ms - b.at_ms || a.n - b.n);
        }
        expect(heap.size).toBe(reference.length);
      }
    }),
  );
});
