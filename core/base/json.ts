import { z } from 'zod';
import { assert } from './assert.ts';
import { Problem } from './error.ts';
import { max_depth, max_values, scan } from './json-scan.ts';
import { firstSyntaxError } from './json-syntax.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** Any value, in what was read from JSON: a schema that recursion would make unreadable in the contract. */
export const any_json = z.unknown().refine((value) => value !== undefined, 'is missing') as unknown as z.ZodType<Json>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * The JSON object in a request body. Refuses (`invalid_body`) broken UTF-8, broken JSON (with its position), anything
 * but an object, nesting beyond 128 levels, and members with the same name at any level: two parsers that disagree on
 * which of two `model` members counts would let one model be judged and another be called. Too many values are refused
 * too (`too_large`), whatever their size.
 */
export function parseBody(bytes: Uint8Array, most_values = max_values): JsonObject {
  const text = decode(bytes);
  if (text === null) refuse('the body is not valid UTF-8', 'Encode the JSON text as UTF-8.');
  const { too_deep_at, too_many, duplicate } = scan(text, true, most_values);
  if (too_many) {
    const most = most_values.toLocaleString('en-US');
    throw new Problem('too_large', `The body has more than ${most} values. Send fewer in one request.`);
  }
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
  const { members, open } = scan(text, false);
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
