import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../base/tokenizer.ts';
import { countDelivered } from './delivered.ts';

const prose = fc.array(
  fc.constantFrom(
    'The',
    ' quick',
    ' brown fox',
    ', ',
    'jumps!',
    '\n',
    ' überall',
    '漢字',
    '🙂',
    ' 12345',
    ' don',
    "'t",
  ),
  {
    maxLength: 120,
  },
);

describe('what is delivered of a stream', () => {
  it('stays within the bound, and stops only at a text that could take it past', async () => {
    const tokenizer = await loadTokenizer();
    await fc.assert(
      fc.asyncProperty(prose, fc.integer({ min: 1, max: 150 }), async (texts, bound) => {
        const delivered = await countDelivered('openai');
        let sent = '';
        for (const text of texts) {
          if (delivered.crosses(text, bound)) {
            expect(tokenizer.count(sent + text)).toBeGreaterThan(bound);
            break;
          }
          sent += text;
        }
        expect(delivered.tokens()).toBe(tokenizer.count(sent));
        expect(delivered.tokens()).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 300, examples: [[['🙂', "'t"], 2]] },
    );
  });

  it('counts each of several answers apart, however their pieces come in turns', async () => {
    const tokenizer = await loadTokenizer();
    const both = fc.tuple(prose, fc.array(fc.constantFrom('Don', 'aud', 'ampf', 'schiff', 'fahrt', '京都', 'ется')));
    await fc.assert(
      fc.asyncProperty(both, fc.integer({ min: 1, max: 150 }), async ([one, other], bound) => {
        const delivered = await countDelivered('openai');
        const sent = ['', ''];
        const counted = () => sent.reduce((sum, text) => sum + tokenizer.count(text), 0);
        for (let n = 0; n < Math.max(one.length, other.length); n++) {
          const pieces = new Map([one[n] ?? '', other[n] ?? ''].entries());
          const before = [...sent];
          for (const [answer, text] of pieces) sent[answer] += text;
          if (!delivered.crosses([...pieces.values()].join(''), bound, pieces)) continue;
          expect(counted()).toBeGreaterThan(bound);
          sent.splice(0, 2, ...before);
          break;
        }
        expect(delivered.tokens()).toBe(counted());
        expect(delivered.tokens()).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 300 },
    );
  });

  it('counts the built-in models as they bill: a token is four bytes', async () => {
    const delivered = await countDelivered('mock');
    expect(delivered.crosses('12345678', 2)).toBe(false);
    expect(delivered.crosses('9', 2)).toBe(true);
    expect(delivered.tokens()).toBe(2);
  });
});
