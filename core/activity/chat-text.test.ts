import { expect, test } from 'vitest';
import { chatText } from './chat-text.ts';

const event = (delta: object, index = 0) => `data: ${JSON.stringify({ choices: [{ index, delta }] })}\n\n`;

test('the text of an answer is the same whether it came in one piece or in events', () => {
  expect(chatText(JSON.stringify({ choices: [{ index: 0, message: { content: 'Hello, you.' } }] }))).toBe(
    'Hello, you.',
  );
  const events = [
    ': a comment\n\n',
    event({ role: 'assistant', content: '' }),
    event({ content: 'Hel' }),
    event({ content: 'another choice' }, 1),
    event({ content: 'lo, ' }).replaceAll('\n', '\r\n'),
    event({ content: 'you.' }),
    'data: {"choices":[],"usage":{}}\n\ndata: [DONE]\n\n',
  ];
  expect(chatText(events.join(''))).toBe('Hello, you.');
});

test('an answer without text has none', () => {
  for (const answer of ['', 'nonsense', '{}', '{"choices":[{"message":{"content":null}}]}', event({ tool_calls: [] })])
    expect(chatText(answer)).toBeNull();
});
