import { expect, test } from 'vitest';
import { fileText } from './list-file.ts';

test('a table has every property of any row, quotes what needs it, and leaves out nothing', () => {
  const rows = [
    { id: 'run_1', goal: 'Say "hi", then\nstop', tags: { team: 'a' } },
    { id: 'run_2', goal: null, cost_usd: '0.000240000' },
  ];
  expect(fileText('csv', rows)).toBe(
    ['id,goal,tags,cost_usd', 'run_1,"Say ""hi"", then\nstop","{""team"":""a""}",', 'run_2,,,0.000240000', ''].join(
      '\r\n',
    ),
  );
});

test('what a sheet would carry out is text; numbers stay numbers', () => {
  expect(fileText('csv', [{ goal: '=HYPERLINK("http://x")', change: '-0.5' }])).toBe(
    'goal,change\r\n"\'=HYPERLINK(""http://x"")",-0.5\r\n',
  );
});

test('a line of JSON for each row', () => {
  expect(fileText('jsonl', [{ a: 1 }, { a: 2 }])).toBe('{"a":1}\n{"a":2}\n');
});
