import { assert } from './assert.ts';
import { Problem } from './error.ts';
import { firstSyntaxError } from './json-syntax.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Deeper nesting than this is refused: no request needs it, and walking it would overflow the stack. */
const max_depth = 128;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * The JSON object in a request body. Refuses (`invalid_body`) broken UTF-8, broken JSON (with its position), anything
 * but an object, nesting beyond 128 levels, and members with the same name at any level: two parsers that disagree on
 * which of two `model` members counts would let one model be judged and another be called.
 */
export function parseBody(bytes: Uint8Array): JsonObject {
  const text = decode(bytes);
  if (text === null) refuse('the body is not valid UTF-8', 'Encode the JSON text as UTF-8.');
  const { too_deep_at, duplicate } = scan(text);
  if (too_deep_at !== null) {
    refuse(`the body is nested more than ${max_depth} levels deep ${where(text, too_deep_at)}`, 'Flatten it.');
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    refuseSyntax(text);
  }
  if (!isObject(body)) refuse('the body is JSON, but not an object', 'Send one JSON object: {"model": …}.');
  if (duplicate !== null) {
    const name = JSON.stringify(duplicate.slice(0, 100));
    refuse(`the body has two members named ${name} in one object, and readers differ in which one counts`, 'Send one.');
  }
  return body;
}

/**
 * The same JSON text with some top-level members replaced in place, appended (when absent) or deleted (`undefined`).
 * Every other byte stays as it was: large integers, `1.0`, key order, white space, escapes.
 * `bytes` must have passed `parseBody`.
 */
export function editTopLevel(bytes: Uint8Array, edits: Record<string, unknown>): Uint8Array {
  const absent = new Map(Object.entries(edits));
  if (absent.size === 0) return bytes;
  const text = decode(bytes);
  assert(text !== null, 'only a body that was parsed is edited');
  const { members, open } = scan(text);
  let edited = text.slice(0, members[0]?.start ?? open + 1);
  let kept = 0;
  let end = open + 1;
  for (const member of members) {
    const between = text.slice(end, member.start);
    end = member.end;
    const value = absent.get(member.name);
    const is_edited = absent.delete(member.name);
    if (is_edited && value === undefined) continue;
    if (kept++ > 0) edited += between;
    edited += is_edited
      ? text.slice(member.start, member.value) + JSON.stringify(value)
      : text.slice(member.start, member.end);
  }
  for (const [name, value] of absent) {
    if (value === undefined) continue;
    edited += `${kept++ > 0 ? ',' : ''}${JSON.stringify(name)}:${JSON.stringify(value)}`;
  }
  return encoder.encode(edited + text.slice(end));
}

/** Where a top-level member stands in the text: its name, its value, and the end of the value. */
interface Member {
  name: string;
  start: number;
  value: number;
  end: number;
}

interface Scan {
  /** Offset of the first `{`. */
  open: number;
  members: Member[];
  duplicate: string | null;
  too_deep_at: number | null;
}

/**
 * One pass over JSON text without building values. Text that is not JSON gives a meaningless result but always ends;
 * `JSON.parse` is what judges syntax.
 */
function scan(text: string): Scan {
  const result: Scan = { open: text.indexOf('{'), members: [], duplicate: null, too_deep_at: null };
  const names: (Set<string> | null)[] = [];
  let member: Member | null = null;
  let is_key = false;
  let last = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09) continue;
    if (char === 0x22) {
      const end = stringEnd(text, at);
      const seen = is_key ? names.at(-1) : null;
      if (seen) {
        const name = keyOf(text, at, end);
        if (seen.has(name)) result.duplicate ??= name;
        seen.add(name);
        if (names.length === 1) member = { name, start: at, value: 0, end: 0 };
      } else if (member?.value === 0) member.value = at;
      is_key = false;
      at = end - 1;
    } else if (char === 0x3a) {
      is_key = false;
    } else if (char === 0x2c || char === 0x7d || char === 0x5d) {
      if (names.length === 1 && member !== null) {
        member.end = last;
        result.members.push(member);
        member = null;
      }
      if (char === 0x2c) is_key = names.at(-1) !== null;
      else names.pop();
    } else {
      if (member?.value === 0) member.value = at;
      if (char === 0x7b || char === 0x5b) {
        if (names.length === max_depth) return { ...result, too_deep_at: at };
        names.push(char === 0x7b ? new Set() : null);
        is_key = char === 0x7b;
      }
    }
    last = at + 1;
  }
  return result;
}

/** The offset after the closing quote of the string that opens at `open`, or the end of the text. */
function stringEnd(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let first = quote;
    while (first - 1 > open && text.charCodeAt(first - 1) === 0x5c) first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
  return text.length;
}

function keyOf(text: string, open: number, end: number): string {
  const raw = text.slice(open + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    return String(JSON.parse(text.slice(open, end)));
  } catch {
    return raw;
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function refuseSyntax(text: string): never {
  const at = firstSyntaxError(text);
  const char = text.codePointAt(at);
  const what =
    char === undefined ? 'the text ends too early' : `${JSON.stringify(String.fromCodePoint(char))} is wrong`;
  refuse(`the body is not valid JSON: ${what} ${where(text, at)}`, 'Send one complete JSON object.');
}

function where(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `at line ${line}, column ${at - before.lastIndexOf('\n')} (character ${at})`;
}

function refuse(what: string, remedy: string): never {
  throw new Problem('invalid_body', `The request cannot be read: ${what}. ${remedy}`);
}
