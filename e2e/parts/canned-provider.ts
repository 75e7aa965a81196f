import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';

/** An answer word for word: a JSON body, or the text of an event stream. */
export interface Canned {
  status?: number;
  headers?: Record<string, string>;
  body: object | string;
}

const codings: Record<string, (bytes: string) => Buffer> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
};

const recorded = fileURLToPath(new URL('../../core/activity/fixtures/wires/', import.meta.url));

/** The answer a real provider once gave, by the name of its file. */
function recording(name: string): Canned {
  const text = readFileSync(recorded + name, 'utf8');
  if (name.endsWith('.sse')) return { body: text };
  return { body: (JSON.parse(text) as { body: object }).body };
}

/**
 * A provider whose model names say which answer it gives: one of `answers`, or else a recording. `NAME+gzip` is the same
 * in a coding, and `NAME+broken` breaks off in the middle of it.
 */
export function cannedProvider(answers: Record<string, Canned> = {}): Promise<ScriptedProvider> {
  return scriptedProvider((response, request) => {
    const { model } = JSON.parse(request.body) as { model: string };
    const [name = '', how = ''] = model.split('+');
    const { status = 200, headers = {}, body } = answers[name] ?? recording(name);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const type = typeof body === 'string' ? 'text/event-stream' : 'application/json';
    const code = codings[how];
    response.writeHead(status, { 'content-type': type, ...headers, ...(code && { 'content-encoding': how }) });
    if (how === 'broken') response.write(text.slice(0, text.length / 2), () => setImmediate(() => response.destroy()));
    else response.end(code ? code(text) : text);
  });
}
