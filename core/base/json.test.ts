import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from './error.ts';
import { editTopLevel, parseBody } from './json.ts';
import { max_values } from './json-scan.ts';
import { firstSyntaxError } from './json-syntax.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (body: Uint8Array) => new TextDecoder().decode(body);
const edited = (text: string, edits: Record<string, unknown>) => textOf(editTopLevel(bytes(text), edits));

function refusal(body: Uint8Array | string): string {
  try {
    parseBody(typeof body === 'string' ? bytes(body) : body);
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid_body') return error.message;
    throw error;
  }
  throw new Error('the body was accepted');
}

/** JSON text as callers write it: any white space, any order, escaped keys, numbers that JavaScript cannot keep. */
const space = fc.constantFrom('', '', ' ', '\n', '\t', '\r\n  ');
const spelled = (value: string) =>
  fc.boolean().map((is_escaped) => {
    const plain = JSON.stringify(value);
    if (!is_escaped || value === '') return plain;
    return `"\\u${value.charCodeAt(0).toString(16).padStart(4, '0')}${JSON.stringify(value.slice(1)).slice(1)}`;
  });
const number_text = fc.constantFrom('1.0', '12345678901234567890', '-0', '1E400', '1e-7', '0.10');
const value_text = fc.oneof(
  fc.jsonValue({ depthSize: 'small' }).map((value) => JSON.stringify(value)),
  fc.jsonValue({ depthSize: 'small' }).map((value) => JSON.stringify(value, null, 2)),
  number_text,
  fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom('"\\"\\\\"', '"\\\\\\""', '"{,}:[]"', '[{"a":"]"},{"a":"}"}]'),
);
const name = fc.oneof(fc.constantFrom('model', 'messages', 'n', 'stream', '__proto__', 'a"b', 'a\\'), fc.string());
const members = fc.uniqueArray(fc.tuple(name, value_text), { selector: ([key]) => key, maxLength: 8 });
const object_text = members.chain((list) =>
  fc
    .tuple(fc.tuple(...list.map(([key]) => spelled(key))), fc.array(space, { minLength: 40, maxLength: 40 }))
    .map(([keys, gaps]) => {
      const gap = (index: number) => gaps[index % gaps.length] ?? '';
      const parts = list.map(
        ([, value], i) => `${gap(4 * i)}${keys[i] ?? '""'}${gap(4 * i + 1)}:${gap(4 * i + 2)}${value}${gap(4 * i + 3)}`,
      );
      return `${gap(33)}{${parts.join(',') || gap(35)}}${gap(34)}`;
    }),
);
const edits = fc.dictionary(name, fc.oneof(fc.constant(undefined), fc.jsonValue({ depthSize: 'small' })), {
  maxKeys: 4,
  noNullPrototype: true,
});

describe('editing a body', () => {
  test('gives what editing the parsed object would give', () => {
    fc.assert(
      fc.property(object_text, edits, (text, change) => {
        const expected = new Map(Object.entries(JSON.parse(text)));
        for (const [key, value] of Object.entries(change)) {
          if (value === undefined) expected.delete(key);
          else expected.set(key, JSON.parse(JSON.stringify(value)));
        }
        expect(new Map(Object.entries(JSON.parse(edited(text, change))))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('leaves every byte of what was not named', () => {
    fc.assert(
      fc.property(members, edits, (list, change) => {
        const text = `{${list.map(([key, value]) => ` ${JSON.stringify(key)} :\t${value}\n`).join(',')}}`;
        const after = edited(text, change);
        for (const [key, value] of list) {
          if (!Object.hasOwn(change, key)) expect(after).toContain(` ${JSON.stringify(key)} :\t${value}`);
        }
        expect(edited(text, {})).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test('keeps large integers, decimals, order, white space and escapes', () => {
    const text = '{ "seed": 12345678901234567890, "model" : "a/b" ,"t":1.0,\n "x":"\\u00e9\\/" }';
    expect(edited(text, { model: 'b', max_tokens: 5 })).toBe(
      '{ "seed": 12345678901234567890, "model" : "b" ,"t":1.0,\n "x":"\\u00e9\\/","max_tokens":5 }',
    );
    expect(edited(text, { seed: undefined, x: undefined })).toBe('{ "model" : "a/b" ,"t":1.0 }');
    expect(edited('{}', { a: 1, b: 2 })).toBe('{"a":1,"b":2}');
    expect(edited('{"a":1}', { a: undefined })).toBe('{}');
    expect(edited('{"mod\\u0065l":"x"}', { model: 'y' })).toBe('{"mod\\u0065l":"y"}');
  });
});

describe('a body is refused, with its reason', () => {
  test('when two members have one name, at any depth and in any spelling', () => {
    expect(refusal('{"model":"a","x":1,"mod\\u0065l":"b"}')).toContain('two members named "model"');
    expect(refusal('{"messages":[{"content":"a","content":"b"}]}')).toContain('two members named "content"');
    expect(parseBody(bytes('{"a":{"b":1},"b":[{"a":1},{"a":2}]}'))).toEqual({ a: { b: 1 }, b: [{ a: 1 }, { a: 2 }] });
    const many = Array.from({ length: 40 }, (_, n) => `"m${n}":${n}`);
    for (const twice of ['m0', 'm15', 'm16', 'm17', 'm39'])
      expect(refusal(`{"a":{${many},"${twice}":1}}`)).toContain(`two members named "${twice}"`);
    expect(Object.keys(parseBody(bytes(`{${many},"a":[{${many}},{${many}}]}`)))).toHaveLength(41);
  });

  test('when it has more values than can be read at once, whatever they are', () => {
    const most = 1_000;
    const bodies = (n: number) => [
      `{"a":[${Array(n - 2).fill('1')}]}`,
      `{"a":[${Array(Math.ceil(n / 2) - 1).fill('{}')}]}`,
      `{${Array.from({ length: n }, (_, at) => `"k${at}":1`)}}`,
      `{"a":[${Array(Math.ceil(n / 2) - 1).fill('{"a":1}')}]}`,
    ];
    for (const body of bodies(most)) expect(Object.keys(parseBody(bytes(body), most)).length).toBeGreaterThan(0);
    for (const body of bodies(most + 2))
      expect(() => parseBody(bytes(body), most)).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(() => parseBody(bytes(`{"a":[${'[],'.repeat(max_values)}[]]}`))).toThrow('more than 400,000 values');
  });

  test('when it is no UTF-8, no JSON or no object', () => {
    expect(refusal(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toContain('not valid UTF-8');
    expect(refusal('{"a":\n }')).toContain('"}" is wrong at line 2, column 2 (character 7)');
    expect(refusal('{"model":"secret words"')).toContain('ends too early');
    expect(refusal('{"model":"secret words"')).not.toContain('secret');
    expect(refusal('\ufeff{}')).toContain('character 0');
    expect(refusal('')).toContain('ends too early');
    expect(refusal('[1]')).toContain('not an object');
  });

  test('when it is nested too deep, at once and without parsing it', () => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(parseBody(bytes(nested(127)))).toHaveProperty('a');
    expect(refusal(nested(128))).toContain('more than 128 levels');
    expect(refusal(nested(5_000_000))).toContain('more than 128 levels');
  });

  test('for any text that JSON.parse refuses, at a position inside it', () => {
    const mutated = fc.tuple(
      object_text,
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', '}', ']', '{', ':', '0', 'x', '\u0001'),
    );
    fc.assert(
      fc.property(mutated, ([text, at, insert]) => {
        const cut = at % (text.length + 1);
        const broken = text.slice(0, cut) + insert + text.slice(cut + (insert === '' ? 1 : 0));
        let is_json = true;
        try {
          JSON.parse(broken);
        } catch {
          is_json = false;
        }
        const position = firstSyntaxError(broken);
        expect(position).toBeLessThanOrEqual(broken.length);
        if (is_json) expect(position).toBe(broken.length);
        else {
          expect(refusal(broken)).toContain('not valid JSON');
          // The position is right when the text before it can still be completed: it ends early, nothing in it is wrong.
          expect(firstSyntaxError(broken.slice(0, position))).toBe(position);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

test('reading and editing take time in proportion to the size', () => {
  // The least of several: what else the machine does only ever adds to it.
  const time = (text: string) => {
    const body = bytes(text);
    const took = Array.from({ length: 3 }, () => {
      const from = performance.now();
      parseBody(body);
      editTopLevel(body, { model: 'x', max_tokens: 7 });
      return performance.now() - from;
    });
    return Math.min(...took);
  };
  const body = (size: number) => `{"model":"m","messages":[{"role":"user","content":"${'\\"'.repeat(size / 2)}"}]}`;
  time(body(100_000));
  const [small, twenty_times] = [time(body(500_000)), time(body(10_000_000))];
  expect(twenty_times / small).toBeLessThan(100);
});
