import { expect, test } from 'vitest';
import { explainCommand } from './explain-command.ts';

const estimate = { input_tokens: 1_000, max_output_tokens: 500 };

test('the command explains the same call, and there is none for a call of another key', () => {
  const said = `npx aos policy explain --model=mock-small --agent='my bot' --input-tokens=1000 --output-tokens=500`;
  expect(explainCommand({ model: 'mock-small', agent: 'my bot', estimate })).toBe(said);
  expect(explainCommand({ model: 'mock-small', tools: ['search'], tags: { team: 'web' }, estimate })).toContain(
    ` --tool=search --tag='team=web' --input-tokens`,
  );
  expect(explainCommand({ model: 'mock-small', api_key: 'key_1', estimate })).toBeNull();
});
