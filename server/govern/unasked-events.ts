import type { Usage } from '@aos/core/activity/usage.ts';
import type { StreamEvent } from '@aos/core/activity/wires/define.ts';
import { inTurns } from '../base/in-turns.ts';
import { SseSplitter } from '../upstreams/llm/sse.ts';
import { lastEvent } from './last-event.ts';
import type { Ticket } from './ticket.ts';

/** What the events of an answer say that was to come in one piece. */
export interface UnaskedEvents {
  usage: Usage | null;
  text: string;
  searches: number;
  /** It is complete; else it broke off, or told an error. */
  is_whole: boolean;
}

/** As much as is read at a time: others are served between. */
const piece = 64 * 1024;

/** Reads the answer of a provider that streams whatever was asked for; null: there is nothing of a model in it. */
export async function readUnaskedEvents(ticket: Ticket, body: Buffer): Promise<UnaskedEvents | null> {
  const found: UnaskedEvents = { usage: null, text: '', searches: 0, is_whole: false };
  const { wire, request } = ticket.asked;
  const reader = wire.streamReader(request);
  let [done, failed] = [false, false];
  const take = (read: StreamEvent) => {
    found.text += read.text;
    if (read.usage) found.usage = read.usage;
    done ||= read.done;
    failed ||= read.failed;
  };
  await inTurns(eventsOf(body, (event) => take(reader.read(event))));
  found.searches = reader.searches ?? 0;
  found.is_whole = !failed && (done || reader.all_finished === true);
  return found.usage !== null || found.text !== '' || found.is_whole ? found : null;
}

function* eventsOf(body: Buffer, each: (event: { event: string | undefined; data: string }) => void) {
  const splitter = new SseSplitter(Infinity);
  for (let at = 0; at < body.length; at += piece) {
    if (at > 0) yield;
    for (const event of splitter.push(body.subarray(at, at + piece))) each(event);
  }
  const last = lastEvent(splitter.rest());
  if (last !== null && last !== 'cut') each(last);
}
