import type { SseEvent } from '../upstreams/llm/sse.ts';

const lf = 0x0a;

/**
 * What a stream left behind that ended without the blank line of its last event: that event with its end, when its data
 * is whole; `cut` when the stream ended in the middle of it. Null: it left nothing, or a comment. On every wire data is
 * JSON, or the word that ends a chat.
 */
export function lastEvent(rest: SseEvent | null): SseEvent | 'cut' | null {
  if (rest === null || linesOf(rest).every((line) => line === '' || line.startsWith(':'))) return null;
  if (!isWhole(rest.data)) return 'cut';
  const end = rest.raw.at(-1) === lf ? '\n' : '\n\n';
  return { ...rest, raw: Buffer.concat([rest.raw, Buffer.from(end)]) };
}

const linesOf = ({ raw }: SseEvent): string[] => raw.toString('utf8').split(/[\r\n]/);

function isWhole(data: string): boolean {
  if (data === '[DONE]') return true;
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}
