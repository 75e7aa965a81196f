import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { utf8Bytes } from '../tokens.ts';
import type { PromptSize } from './define.ts';

/**
 * Counted for input that the request only points at (a file by id or URL, an earlier response): it cannot be seen, so
 * the one bound is the model's context window. As large as the largest window in common use (2^20 tokens); whoever
 * knows the model's own window clamps to it.
 */
export const unseen_bytes = 1_048_576;

/** Members whose texts are the prompt itself. Any other member is counted as the JSON text it is. */
const walked = new Set([
  ...['content', 'text', 'refusal', 'thinking', 'reasoning', 'reasoning_content', 'summary'],
  ...['name', 'arguments', 'function', 'tool_calls', 'function_call', 'output', 'source', 'file', 'input_audio'],
]);

/** Members that choose the form of a message; the constant that is added per message covers them. */
const silent = new Set(['role', 'type']);

const image_types = new Set(['image_url', 'input_image', 'image', 'computer_screenshot', 'input_image_url']);

/** Where an image part keeps its picture. Images are counted by number, never by their bytes. */
const image_data = new Set(['image_url', 'source', 'file_id', 'detail', 'image']);

/**
 * Collects the text of a prompt and its size. The bytes bound the tokens from above: a byte-level tokenizer never makes
 * more tokens than bytes, whatever a provider knows that we do not is counted as JSON text, and what it wraps around
 * each message is for the estimate to add per message.
 */
export class PromptText {
  messages = 0;
  #images = 0;
  readonly #pdfs: string[] = [];
  #unseen = 0;
  #bytes = 0;
  readonly #pieces: string[] = [];

  /** A message, a content part, or any list of them. */
  add(value: Json | undefined): void {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) for (const item of value) this.add(item);
    else if (isObject(value)) this.#addObject(value);
    else this.#addText(String(value));
  }

  /** A definition (tool, schema): the provider shows the model something no longer than its JSON text. */
  addJson(value: Json | undefined): void {
    if (value !== undefined && value !== null) this.#addText(JSON.stringify(value));
  }

  /** Every top-level member that is not named in `except` and is more than a number or a flag. */
  addOthers(body: JsonObject, except: ReadonlySet<string>): void {
    for (const [name, value] of Object.entries(body)) {
      if (!except.has(name) && (typeof value === 'object' || typeof value === 'string')) this.addJson(value);
    }
  }

  /** Tokens given by number, each of which is exactly one token; in the text a one-token word stands for each. */
  addTokens(count: number): void {
    this.#bytes += count;
    this.#pieces.push(' a'.repeat(count));
  }

  /** Input that the provider holds and we cannot see. */
  addUnseen(): void {
    this.#bytes += unseen_bytes;
    this.#unseen++;
  }

  size(): PromptSize {
    const pieces = this.#pieces;
    return {
      text_bytes: this.#bytes,
      messages: this.messages,
      images: this.#images,
      pdfs: this.#pdfs,
      unseen: this.#unseen,
      text: () => pieces.join('\n'),
    };
  }

  #addText(text: string): void {
    if (text === '') return;
    this.#bytes += utf8Bytes(text);
    this.#pieces.push(text);
  }

  #addObject(part: JsonObject): void {
    const is_image = typeof part.type === 'string' && image_types.has(part.type);
    if (is_image) this.#images++;
    else if (isReference(part)) this.addUnseen();
    const file = is_image ? null : fileIn(part);
    if (file?.kind === 'pdf') this.#pdfs.push(file.base64);
    else if (file?.kind === 'packed') this.addUnseen();
    for (const [name, value] of Object.entries(part)) {
      if (silent.has(name) || value === null || (is_image && image_data.has(name))) continue;
      if (file !== null && file.kind !== 'text' && name === file.member) continue;
      if (walked.has(name)) this.add(value);
      else this.#addText(`"${name}":${JSON.stringify(value)}`);
    }
  }
}

interface FileIn {
  kind: 'pdf' | 'text' | 'packed';
  member: string;
  base64: string;
}

/** `%PDF-` in base64. */
const pdf_begins = 'JVBERi';
const is_text = /^data:(?:text\/|application\/(?:json|xml|x-yaml|yaml|javascript|x-ndjson))/;

/**
 * The file that a part holds: Anthropic's source in base64, and `file_data` of OpenAI, a data URL or base64 alone. What is
 * neither a PDF nor text (documents and tables of office programs) is packed: its text can be any times its bytes.
 */
function fileIn({ type, data, file_data }: JsonObject): FileIn | null {
  const [member, held] = type === 'base64' ? ['data', data] : ['file_data', file_data];
  if (typeof held !== 'string') return null;
  const base64 = held.startsWith('data:') ? held.slice(held.indexOf(',') + 1) : held;
  const kind = base64.startsWith(pdf_begins) ? 'pdf' : is_text.test(held) ? 'text' : 'packed';
  return { kind, member, base64 };
}

/** Whether a part names content that lies elsewhere: an uploaded file, a URL, an item of an earlier response. */
function isReference(part: JsonObject): boolean {
  const { type } = part;
  if (typeof part.file_id === 'string' || typeof part.file_url === 'string') return true;
  return type === 'url' || type === 'item_reference' || (typeof type === 'string' && type.endsWith('_url'));
}
