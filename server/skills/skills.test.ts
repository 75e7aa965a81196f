import { describe, expect, test } from 'vitest';
import { openOutbound } from '../base/outbound/outbound.ts';
import { paramsSchema } from './define.ts';
import { skills } from './index.ts';

const here = { signal: new AbortController().signal, outbound: openOutbound({ hosts: new Set(), ranges: [] }) };

describe.each([...skills])('skill %s', (name, skill) => {
  test('is registered under its name, and says what it does, costs and fails with', () => {
    expect(skill.name).toBe(name);
    for (const text of [skill.title, skill.cost, ...Object.values(skill.failures)]) expect(text).not.toBe('');
    expect(skill.ask === undefined).not.toBe(skill.work === undefined);
    expect(skill.ask !== undefined).toBe(skill.kind === 'llm');
  });

  test('takes what it should and refuses the rest, and its parameters have a schema', () => {
    for (const good of skill.examples.good) expect(skill.params.safeParse(good).error).toBeUndefined();
    for (const bad of skill.examples.bad) expect(skill.params.safeParse(bad).success).toBe(false);
    expect(paramsSchema(skill)).toMatchObject({
      type: 'object',
      additionalProperties: false,
    });
  });

  test('fails with its own codes and no other', async () => {
    for (const good of skill.examples.good) {
      const failed = await skill.work?.(good, here).then(
        () => null,
        (error: unknown) => error,
      );
      if (failed) expect(Object.keys(skill.failures)).toContain((failed as { code: string }).code);
    }
  });
});

test('a transformation reads what the expression names, and says what is wrong with one', async () => {
  const transform = skills.get('transform');
  const run = (input: unknown, expression: string) => transform?.work?.({ input, expression }, here);
  expect(await run({ orders: [{ id: 1 }, { id: 2 }] }, 'orders[].id')).toEqual([1, 2]);
  expect(await run({}, 'nothing.here')).toBeNull();
  await expect(run({}, 'a[')).rejects.toMatchObject({ code: 'expression_invalid' });
});

test('a wait ends when its run is stopped', async () => {
  const stop = new AbortController();
  const waiting = skills.get('wait')?.work?.({ seconds: 60 }, { ...here, signal: stop.signal });
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'stopped' });
});
