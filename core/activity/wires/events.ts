import { type Problem, problemBody } from '../../base/error.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { StreamEvent } from './define.ts';

/** An event that says nothing to governance and travels on: a comment, a keep-alive, something unreadable. */
export const plain_event: StreamEvent = { text: '', forward: true, done: false, failed: false };

/** The JSON object in the data of an event; null when there is none. What cannot be read still travels on. */
export function dataOf(data: string): JsonObject | null {
  if (data === '') return null;
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A server-sent event as the providers write it. */
export function sse(data: JsonObject, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** What an error says on OpenAI's wires, as the value of `error`. */
export function errorOf(problem: Problem): JsonObject {
  return problemBody(problem).error as unknown as JsonObject;
}

/** The strings among some values, joined. */
export function joined(...values: (Json | undefined)[]): string {
  let text = '';
  for (const value of values) if (typeof value === 'string') text += value;
  return text;
}

/** The objects of a list; none when it is no list. */
export function objectsIn(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
