import type { JsonObject } from '@aos/core/base/json.ts';
import type { MockAnswer } from './mock-answer.ts';

/** What one answer of the mock provider carries besides its text. */
export interface MockStamp {
  /** Random letters and digits: the part of an id after its prefix. */
  id: string;
  created_s: number;
  /** The request. */
  body: JsonObject;
}

/** How one wire writes an answer. */
export interface MockForm {
  plain(answer: MockAnswer, stamp: MockStamp): JsonObject;
  /** The events of a stream as text, in order; one is sent at each tick. */
  events(answer: MockAnswer, stamp: MockStamp): Generator<string>;
}
