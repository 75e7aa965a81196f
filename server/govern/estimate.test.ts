import type { Estimate } from '@aos/core/activity/call.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import { expect, test } from 'vitest';
import type { AskedCall } from './asked.ts';
import { countedEstimate } from './estimate.ts';
import type { ChosenModel } from './models.ts';

test('a large prompt near a limit is counted in turns: nobody else waits until all of it is', async () => {
  const content = 'The quick brown fox jumps over the lazy dog, and 12345 people watch. '.repeat(20_000);
  const json = { model: 'gpt-4o', messages: [{ role: 'user', content }] };
  const asked = { request: wires.chat.readRequest(json), json, body: Buffer.from('') } as unknown as AskedCall;
  const model = {
    provider: { kind: 'openai', slug: 'openai' },
    name: 'gpt-4o',
    priced: null,
  } as unknown as ChosenModel;
  const loose = { input_tokens: content.length, input_bound: 'bytes', price: null } as Estimate;
  // What the first count waits for.
  await countedEstimate(loose, asked, model);
  let turns = 0;
  let is_counting = true;
  const others = () => {
    turns++;
    if (is_counting) setImmediate(others);
  };
  setImmediate(others);
  const counted = await countedEstimate(loose, asked, model);
  is_counting = false;
  expect(counted?.input_tokens).toBeGreaterThan(200_000);
  expect(turns).toBeGreaterThan(50);
});
