import { isObject, type Json, type JsonObject } from '../base/json.ts';

/**
 * The text of the first choice of a chat answer, which came in one piece or as the events of a stream; null when it
 * holds none.
 */
export function chatText(answer: string): string | null {
  const body = objectIn(answer);
  return body ? contentOf(body, 'message') : streamedText(answer);
}

function streamedText(events: string): string | null {
  let text: string | null = null;
  for (const line of events.split(/\r\n|\n|\r/)) {
    const chunk = line.startsWith('data:') ? objectIn(line.slice('data:'.length)) : null;
    const more = chunk && contentOf(chunk, 'delta');
    if (more !== null) text = (text ?? '') + more;
  }
  return text;
}

function contentOf({ choices }: JsonObject, member: 'message' | 'delta'): string | null {
  const first = Array.isArray(choices) ? choices.find((of) => isObject(of) && (of.index ?? 0) === 0) : null;
  const said = isObject(first) ? first[member] : null;
  return isObject(said) && typeof said.content === 'string' ? said.content : null;
}

function objectIn(text: string): JsonObject | null {
  try {
    const json = JSON.parse(text) as Json;
    return isObject(json) ? json : null;
  } catch {
    return null;
  }
}
