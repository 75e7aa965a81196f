import type { ServerResponse } from 'node:http';
import type { Plan } from './answer.ts';
import type { BillLine } from './bill.ts';
import type { Connection } from './connections.ts';
import type { Directive } from './directive.ts';
import { errorMessage } from './errors.ts';
import type { StreamScript, StubRequest } from './wire.ts';

/** One request on its way to its answer. */
export interface Exchange {
  res: ServerResponse;
  connection: Connection;
  line: BillLine;
  request: StubRequest;
  directive: Directive;
  plan: Plan;
}

/** A peer drops data it has not read yet when a reset arrives: leave it time to read what was delivered. */
const before_reset_ms = 10;

/**
 * Sends a whole answer. It was generated whole, so it is billed whole even when nobody takes it any more;
 * then it stands as `cut`.
 */
export function sendPlain(exchange: Exchange, body: string): void {
  const { res, connection, line, directive, plan } = exchange;
  Object.assign(line, plan.billed);
  afterDelay(directive.delay_ms, res, () => {
    if (directive.reset_after_chunks === 0) return reset(res, connection, 0);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    connection.markFirstByte();
    if (directive.reset_after_chunks !== undefined) {
      res.write(body.slice(0, body.length / 2));
      return reset(res, connection, before_reset_ms);
    }
    complete(exchange);
    res.end(body);
  });
}

/** Sends a stream, event by event, and bills what was written until it is complete or the client leaves. */
export function sendStream(exchange: Exchange, script: StreamScript): void {
  const { res, connection, line, directive, plan } = exchange;
  const chunks = chunksOf(plan.answer.pieces, directive.chunk_tokens ?? 1);
  const most = plan.billed.output_tokens;
  let sent = 0;
  line.input_tokens = plan.billed.input_tokens;
  const next = (): void => {
    if (res.destroyed || sent === directive.stall_after_chunks) return;
    if (sent === directive.reset_after_chunks) {
      reset(res, connection, before_reset_ms);
    } else if (sent === directive.error_after_chunks) {
      line.outcome = 'error';
      res.end(script.error(errorMessage(500)));
    } else if (sent === chunks.count) {
      complete(exchange);
      res.end(script.tail());
    } else {
      const { choice, text, tokens } = chunks.at(sent++);
      line.output_tokens = Math.min(line.output_tokens + tokens, most);
      if (res.write(script.chunk(choice, text))) pace();
      else res.once('drain', pace);
    }
  };
  const pace = (): void => {
    if (directive.chunk_delay_ms) setTimeout(next, directive.chunk_delay_ms);
    else setImmediate(next);
  };
  afterDelay(directive.delay_ms, res, () => {
    if (directive.reset_after_chunks === 0) return reset(res, connection, 0);
    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    connection.markFirstByte();
    res.write(script.head);
    next();
  });
}

function complete({ line, plan, request }: Exchange): void {
  const usage_sent = Boolean(plan.answer.usage) && (!request.stream || request.include_usage);
  Object.assign(
    line,
    plan.billed,
    { outcome: 'complete', usage_sent },
    plan.answer.usage && { usage: plan.answer.usage },
  );
}

/** Text events in the order they are sent: choices take turns, each giving `size` tokens at a time. */
function chunksOf(pieces: readonly string[][], size: number) {
  const choices = pieces.length;
  const rounds = Math.ceil((pieces[0]?.length ?? 0) / size);
  const at = (index: number): { choice: number; text: string; tokens: number } => {
    const choice = index % choices;
    const start = Math.floor(index / choices) * size;
    const tokens = (pieces[choice] ?? []).slice(start, start + size);
    return { choice, text: tokens.join(''), tokens: tokens.length };
  };
  return { count: rounds * choices, at };
}

/** Waits unless the client leaves first. */
export function afterDelay(delay_ms: number | undefined, res: ServerResponse, then: () => void): void {
  if (!delay_ms) {
    then();
    return;
  }
  const timer = setTimeout(then, delay_ms);
  res.once('close', () => clearTimeout(timer));
}

function reset(res: ServerResponse, connection: Connection, wait_ms: number): void {
  const now = (): void => {
    connection.closedBy('server');
    res.socket?.resetAndDestroy();
  };
  if (wait_ms === 0) now();
  else setTimeout(now, wait_ms);
}
