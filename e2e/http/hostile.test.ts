import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { hostile } from '../../tools/campaigns/hostile.ts';

/** The whole campaign is `npm run campaign:hostile`. */
test('nothing that is done to Authorization, Host or path opens, breaks or writes anything', async () => {
  const seed = randomInt(1e9);
  const { figures, broken } = await hostile({ mutations: 600, seed });
  expect(broken, `seed ${seed}`).toEqual([]);
  expect(Object.keys(figures.answers as object)).toEqual(expect.arrayContaining(['400', '401', '404']));
});
