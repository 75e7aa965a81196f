import { deflateSync } from 'node:zlib';
import { inputTokensBound } from '@aos/core/activity/prompt.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import { unseen_bytes } from '@aos/core/activity/wires/prompt.ts';
import type { Json, JsonObject } from '@aos/core/base/json.ts';
import { describe, expect, test } from 'vitest';
import { pdfSizesOf } from './pdf-sizes.ts';

const stream = (dictionary: string, text: string, packed: boolean): Buffer => {
  const body = packed ? deflateSync(Buffer.from(text, 'latin1')) : Buffer.from(text, 'latin1');
  const filter = packed ? '/Filter /FlateDecode ' : '';
  return Buffer.concat([
    Buffer.from(`<< ${filter}${dictionary} /Length ${body.length} >>\nstream\n`),
    body,
    Buffer.from('\nendstream\nendobj\n'),
  ]);
};

/** A PDF of so many pages with this text on each; `packed`: pages and text as PDF 1.5 packs them. */
function pdf(pages: number, text: string, packed: boolean, more = ''): string {
  const numbers = Array.from({ length: pages }, (_, n) => n);
  const objects = numbers.map((n) => `<< /Type /Page /Parent 2 0 R /Contents ${100 + n} 0 R >>`);
  const tree = `<< /Type /Pages /Count ${pages} /Kids [${numbers.map((n) => `${10 + n} 0 R`).join(' ')}] >>`;
  const contents = numbers.map((n) =>
    Buffer.concat([
      Buffer.from(`${100 + n} 0 obj\n`),
      stream('', `BT /F1 12 Tf 72 720 Td (${text}) Tj [(a\\)b) -20 <00480049>] TJ ET`, packed),
    ]),
  );
  const held = packed
    ? [Buffer.from('5 0 obj\n'), stream('/Type /ObjStm /N 9 /First 20', [tree, ...objects].join('\n'), true)]
    : [tree, ...objects].map((object, n) => Buffer.from(`${9 + n} 0 obj\n${object}\nendobj\n`));
  return Buffer.concat([Buffer.from(`%PDF-1.5\n${more}`), ...held, ...contents, Buffer.from('%%EOF')]).toString(
    'base64',
  );
}

const parts: Record<string, (base64: string) => JsonObject> = {
  messages: (data) => ({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } }),
  chat: (data) => ({ type: 'file', file: { filename: 'a.pdf', file_data: `data:application/pdf;base64,${data}` } }),
  responses: (data) => ({ type: 'input_file', filename: 'a.pdf', file_data: data }),
};

function promptOf(wire: string, part: JsonObject) {
  const list: Json = [{ role: 'user', content: [part] }];
  if (wire === 'messages') return wires.messages.readRequest({ model: 'm', max_tokens: 9, messages: list }).prompt;
  if (wire === 'chat') return wires.chat.readRequest({ model: 'm', messages: list }).prompt;
  return wires.responses.readRequest({ model: 'm', input: list }).prompt;
}

function boundOf(model: string, base64: string, wire = 'messages'): number {
  const prompt = promptOf(wire, (parts[wire] as (data: string) => JsonObject)(base64));
  return inputTokensBound(prompt, model, pdfSizesOf(prompt));
}

/**
 * What providers counted: https://huggingface.co/datasets/JOHNISKING/pdf-token-cost (2026-10), pages of about 2,000
 * characters as PDF. Anthropic bills text and picture of a page
 * (https://platform.claude.com/docs/en/build-with-claude/pdf-support), OpenAI gives both to the model
 * (https://platform.openai.com/docs/guides/pdf-files).
 */
const measured: [name: string, model: string, pages: number, characters: number, billed: number][] = [
  ['one page of text', 'claude-opus-5-5', 1, 2_000, 2_347],
  ['five pages of text', 'claude-opus-5-5', 5, 2_000, 11_631],
  ['ten pages of text', 'claude-opus-5-5', 10, 2_000, 23_236],
  ['ten pages of text', 'claude-haiku-4-5', 10, 2_000, 20_979],
  ['one page of a table', 'claude-opus-5-5', 1, 2_400, 2_481],
  ['one scanned page', 'claude-opus-5-5', 1, 0, 1_600],
  ['ten pages of text', 'gemini-3-pro', 10, 2_000, 5_601],
];

describe('a PDF is bounded by its pages and the text on them', () => {
  test.each(measured)('%s at %s', (_, model, pages, characters, billed) => {
    const text = 'lorem ipsum '.repeat(characters / 12).slice(0, characters);
    for (const packed of [false, true]) {
      const bound = boundOf(model, pdf(pages, text, packed));
      expect(bound).toBeGreaterThanOrEqual(billed);
      expect(bound).toBeLessThan(16 * billed + 5_000);
    }
  });

  test('however small it is packed, and on every wire', () => {
    const many = pdf(300, 'x'.repeat(3_000), true);
    // Its bytes are fewer than the tokens of its pictures alone.
    expect(many.length).toBeLessThan(300 * 1_600);
    for (const wire of Object.keys(parts)) {
      const prompt = promptOf(wire, (parts[wire] as (data: string) => JsonObject)(many));
      expect(pdfSizesOf(prompt), wire).toEqual([{ pages: 300, text_tokens: expect.any(Number) }]);
      expect(prompt.text_bytes, wire).toBeLessThan(500);
      expect(boundOf('gpt-4o', many, wire)).toBeGreaterThan(300 * 3_000);
    }
  });

  test('and as a whole window where it cannot be read', () => {
    const broken = Buffer.from('%PDF-1.5\n5 0 obj\n<< /Filter /FlateDecode >>\nstream\nnot packed\nendstream').toString(
      'base64',
    );
    const bomb = pdf(1, 'x'.repeat(20 * 1024 * 1024), true);
    const odd = pdf(
      1,
      'x',
      false,
      '5 0 obj\n<< /Filter [/ASCII85Decode /FlateDecode] >>\nstream\nabc\nendstream\nendobj\n',
    );
    for (const file of [
      broken,
      bomb,
      odd,
      pdf(1, 'x', false, '<< /Encrypt 9 0 R >>'),
      Buffer.from('%PDF-1.4').toString('base64'),
    ])
      expect(boundOf('gpt-4o', file)).toBeGreaterThan(unseen_bytes);
  });
});

describe('a prompt of PDFs that were made to keep others waiting is given up soon', () => {
  const duration = (pdfs: string[]) => {
    const from = performance.now();
    const sizes = pdfSizesOf({ pdfs });
    return { took_ms: performance.now() - from, sizes };
  };

  test('however many of them unpack to a lot', () => {
    const bomb = pdf(1, 'x'.repeat(15 * 1024 * 1024), true);
    const one = duration([bomb]);
    const many = duration(Array<string>(60).fill(bomb));
    expect(one.sizes).toEqual([{ pages: 1, text_tokens: expect.any(Number) }]);
    expect(many.sizes.slice(1)).toEqual(Array(59).fill(null));
    expect(many.took_ms).toBeLessThan(20 * one.took_ms);
  });

  test('however many streams they have', () => {
    const pages = '%PDF-1.5\n/Type /Page ';
    const empty = Buffer.from(pages + ' stream\nendstream'.repeat(60_000)).toString('base64');
    const spaces = Buffer.from(pages + ' '.repeat(60_000 * 18)).toString('base64');
    duration([spaces]);
    expect(duration([empty]).took_ms).toBeLessThan(150 * duration([spaces]).took_ms);
    const packed = Buffer.concat(Array<Buffer>(6_000).fill(stream('', 'BT ET', true)));
    expect(duration([Buffer.concat([Buffer.from(pages), packed]).toString('base64')]).sizes).toEqual([null]);
  });

  test('and a stream takes no dictionary of the one before', () => {
    const picture = '<< /Subtype /Image >>\nstream\nabc\nendstream\n';
    const [size] = pdfSizesOf({
      pdfs: [Buffer.from(`%PDF-1.5\n/Type /Page ${picture} stream\n(words)\nendstream`).toString('base64')],
    });
    expect(size?.text_tokens).toBeGreaterThan(0);
  });
});

test('a text in base64 is bounded by its bytes, and a file of an office program by nothing', () => {
  const file = (file_data: string) => promptOf('chat', { type: 'file', file: { filename: 'f', file_data } });
  const csv = Buffer.from('a,b\n'.repeat(500)).toString('base64');
  expect(file(`data:text/csv;base64,${csv}`)).toMatchObject({ unseen: 0, pdfs: [] });
  expect(file(`data:text/csv;base64,${csv}`).text_bytes).toBeGreaterThan(2_000);
  const word = 'data:application/vnd.openxmlformats-officedocument.wordprocessingml.document;base64,UEsDBBQ';
  expect(file(word).text_bytes).toBeGreaterThan(unseen_bytes);
});
