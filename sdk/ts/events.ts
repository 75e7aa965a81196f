/** An event of a stream: `data` is parsed when it is JSON. */
export interface StreamEvent<Data = unknown> {
  id: string | null;
  event: string;
  data: Data;
}

/** The events of a body of server-sent events, as the WHATWG specification reads them. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const [blocks, left] = cut(rest + decoder.decode(value, { stream: !done }));
      rest = left;
      for (const block of blocks) {
        const event = eventIn(block);
        if (event) yield event;
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Whole blocks, and what has come of the next one; a `\r` at the end may be the first half of a line break. */
function cut(text: string): [blocks: string[], rest: string] {
  const held = text.endsWith('\r') ? '\r' : '';
  const lines = text.slice(0, text.length - held.length).replace(/\r\n?/g, '\n');
  const parts = lines.split('\n\n');
  const rest = parts.pop() ?? '';
  return [parts, rest + held];
}

function eventIn(block: string): StreamEvent | null {
  const fields: Record<string, string[]> = {};
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*)(?::[ ]?(.*))?$/.exec(line) ?? [];
    const values = fields[name] ?? [];
    values.push(value);
    fields[name] = values;
  }
  if (!fields.data) return null;
  return {
    id: fields.id?.at(-1) ?? null,
    event: fields.event?.at(-1) || 'message',
    data: parsed(fields.data.join('\n')),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
