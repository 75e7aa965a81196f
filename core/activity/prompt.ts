import { bare, isCountedAlike } from './encoding.ts';
import type { PdfSize } from './pdf.ts';
import { mockTokens, type Tokenizer, textTokensBound } from './tokens.ts';
import type { PromptSize } from './wires/define.ts';
import { unseen_bytes } from './wires/prompt.ts';

/** What a provider adds to the text of a prompt, at most, in tokens. */
interface Overhead {
  /** Name of the model without its provider. */
  model: RegExp;
  /** Once per request: the start of the answer, a hidden system text, the wrapping of tools. */
  request: number;
  /** Once per message: role, separators, name. OpenAI's cookbook counts 3 and 1 for a name; other templates up to 6. */
  message: number;
  /** One image of the largest size that is not scaled down. */
  image: number;
}

/**
 * The first that matches counts. Sources for images:
 * - OpenAI, https://developers.openai.com/api/docs/guides/images-vision: tiles of 512 after scaling to fit 2048 and to
 *   768 on the shorter side, so 8 at most: base + 8 · tile; or patches of 32, at most 1,536, times a factor.
 * - Anthropic, https://platform.claude.com/docs/en/build-with-claude/vision: scaled down above about 1,600 tokens;
 *   4,784 from Claude Opus 4.7 on. Tool use adds a system text of up to 530 tokens, Anthropic's own tools up to 735 each
 *   (https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing).
 * - Google, https://ai.google.dev/gemini-api/docs/image-understanding: 258 per tile of 768, scaled to fit 3072.
 * - xAI, https://docs.x.ai/docs/guides/image-understanding: 7 tiles of 256 at most; its models have a hidden system text.
 */
const overheads: Overhead[] = [
  { model: /^mock-/, request: 0, message: 1, image: 0 },
  { model: /^gpt-4o-mini/, request: 64, message: 8, image: 2_833 + 8 * 5_667 },
  {
    model: /^(gpt-4o|chatgpt-4o|gpt-4-turbo|gpt-4\.5|gpt-4\.1(?!-mini|-nano))/,
    request: 64,
    message: 8,
    image: 85 + 8 * 170,
  },
  { model: /^(gpt-4\.1-nano|gpt-5-nano)/, request: 64, message: 8, image: Math.ceil(1_536 * 2.46) },
  { model: /^(gpt-4\.1-mini|gpt-5-mini|o4-mini)/, request: 64, message: 8, image: Math.ceil(1_536 * 1.72) },
  { model: /^(gpt-5(?![.\d])|o1|o3)/, request: 64, message: 8, image: 75 + 8 * 150 },
  {
    model: /^claude-(2|3|instant|(haiku|sonnet)-4|opus-4-?([0-6](?!\d)|20\d{6}|$))/,
    request: 2_560,
    message: 8,
    image: 1_600,
  },
  { model: /^(claude|anthropic)/, request: 2_560, message: 8, image: 5_000 },
  { model: /^(models\/)?gemini/, request: 64, message: 8, image: 16 * 258 },
  { model: /^grok/, request: 1_024, message: 8, image: 7 * 256 },
];

/** Unknown and newer models: a harmony system text, and 10,000 patches at a factor of 1.2 for an image in full detail. */
const unknown: Overhead = { model: /^/, request: 256, message: 8, image: 12_000 };

/** What is said around a page of a PDF, at most. */
const around_page = 32;

/**
 * Upper bound of the input tokens of a request, without any tokenizer: every byte of text may be a token. `pdfs` are the
 * sizes of its PDFs, of each page the text and a picture; null: as large as what is only pointed at.
 */
export function inputTokensBound(size: PromptSize, model: string, pdfs: readonly (PdfSize | null)[]): number {
  return textTokensBound(size.text_bytes) + extra(size, model, pdfs);
}

/**
 * A tighter count for use near a limit: the text is tokenised where the encoding is known, the constants stay. In
 * practice still an upper bound, and never above `most`, which is `inputTokensBound` or less; models with another encoding
 * get that. Counts in turns, between which others can be served, and no further than to `most`.
 */
export function* countInput(
  size: PromptSize,
  tokenizer: Tokenizer,
  of: { provider: string; model: string; pdfs: readonly (PdfSize | null)[]; most: number },
): Generator<number, number> {
  const { provider, model, most } = of;
  if (!isCountedAlike(provider, model)) return most;
  const beside = extra(size, model, of.pdfs);
  const text = size.text();
  if (provider === 'mock') return Math.min(most, mockTokens(text) + beside);
  const counting = tokenizer.counting(text);
  for (;;) {
    const { value, done } = counting.next();
    if (done || value + beside >= most) return Math.min(most, value + beside);
    yield value;
  }
}

function extra(size: PromptSize, model: string, pdfs: readonly (PdfSize | null)[]): number {
  const name = bare(model);
  const { request, message, image } = overheads.find((overhead) => overhead.model.test(name)) ?? unknown;
  const in_files = pdfs.reduce(
    (sum, pdf) => sum + (pdf ? pdf.pages * (image + around_page) + pdf.text_tokens : unseen_bytes),
    0,
  );
  return request + size.messages * message + size.images * image + in_files;
}
