import { isCode, lineAt, type Rule, type Source } from './rule.ts';
import { type Piece, scanOf } from './scan.ts';

/** The comments of a file of any language of the tree. Strings of SQL, CSS and Python are not told apart. */
export function commentsOf(file: Source): Piece[] {
  if (isCode(file.path)) return scanOf(file).comments;
  const sign = { sql: /--(.*)|\/\*([\s\S]*?)\*\//g, css: /\/\*([\s\S]*?)\*\//g, py: /(?:^|\s)#(.*)/g }[
    file.path.split('.').at(-1) ?? ''
  ];
  if (!sign) return [];
  return [...file.text.matchAll(sign)].map((match) => ({ text: match[1] ?? match[2] ?? '', start: match.index }));
}

interface CommentLine {
  path: string;
  line: number;
  text: string;
}

/** Each line of each comment, without the star that leads it. */
const commentLines = (files: readonly Source[]): CommentLine[] =>
  files.flatMap((file) =>
    commentsOf(file).flatMap(({ text, start }) =>
      text.split('\n').map((line, index) => ({
        path: file.path,
        line: lineAt(file.text, start) + index,
        text: line.replace(/^\s*\*(?!\S)|^\*/, '').trim(),
      })),
    ),
  );

const matching = (files: readonly Source[], sign: RegExp, what: string) =>
  commentLines(files)
    .filter(({ text }) => sign.test(text))
    .map(({ path, line }) => ({ path, line, what }));

const at = 'core/base/a.ts:2';
const breach = (text: string) => ({ files: { 'core/base/a.ts': `const a = 1;\n${text}` }, at });

export const no_unfinished_marks: Rule = {
  name: 'no unfinished marks',
  remedy: 'Do it now, or leave it out; what is known to be missing stands in the documents.',
  find: (files) => matching(files, /\b(?:TODO|FIXME|XXX|HACK)\b/, 'has an unfinished mark'),
  breaks: [
    ...['TODO', 'FIXME', 'XXX', 'HACK'].map((mark) => breach(`// ${mark}: later`)),
    { files: { 'server/store/migrations/0001_a.sql': '-- TODO' }, at: 'server/store/migrations/0001_a.sql:1' },
    { files: { 'sdk/py/aos_sdk/a.py': '\nx = 1  # FIXME' }, at: 'sdk/py/aos_sdk/a.py:2' },
  ],
  keeps: [{ 'core/base/a.ts': "const mark = 'TODO'; // keys look like aos_test_XXXX" }],
};

export const no_ticket_numbers: Rule = {
  name: 'no ticket numbers',
  remedy: 'Write the reason itself; a number is only a reason for those who can open the ticket.',
  find: (files) => matching(files, /(?:^|[\s(/])(?:#|GH-|issues\/)\d+\b/, 'names a ticket'),
  breaks: [breach('// see #123'), breach('/* (GH-12) */'), breach('// pull/issues/7')],
  keeps: [{ 'core/base/a.ts': "const colour = '#123456'; // RFC 6962, section 2.1; &#39; is an apostrophe" }],
};

export const no_banners: Rule = {
  name: 'no banner comments',
  remedy: 'Two parts that need a banner between them are two files.',
  find: (files) => matching(files, /^[\s/]*([=\-*#~─━═_])\1{2,}/, 'is a banner'),
  breaks: [
    ...['// ==========', '// --- parts ---', '/*******/', '/**\n * ─────\n */'].map((text) => ({
      ...breach(text),
      at: text.includes('\n') ? 'core/base/a.ts:3' : at,
    })),
    { files: { 'server/store/migrations/0001_a.sql': '------ runs' }, at: 'server/store/migrations/0001_a.sql:1' },
  ],
  keeps: [
    {
      'core/base/a.ts': "/** What it is. */\n// -- or not\nconst a = '=====';\n/**\n * a === b\n * - one\n */",
      'server/store/migrations/0001_a.sql': '-- runs',
    },
  ],
};
