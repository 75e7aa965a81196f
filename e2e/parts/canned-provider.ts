import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ScriptedProvider, scriptedProvider } from '../../tools/simulate/scripted-provider.ts';

/** An answer word for word: a JSON body, or the text of an event stream. */
export interface Canned {
  status?: number;
  body: object | string;
}

const recorded = fileURLToPath(new URL('../../core/activity/fixtures/wires/', import.meta.url));

/** The answer a real provider once gave, by the name of its file. */
function recording(name: string): Canned {
  const text = readFileSync(recorded + name, 'utf8');
  if (name.endsWith('.sse')) return { body: text };
  return { body: (JSON.parse(text) as { body: object }).body };
}

/** A provider whose model names say which answer it gives: one of `answers`, or else a recording. */
export function cannedProvider(answers: Record<string, Canned> = {}): Promise<ScriptedProvider> {
  return scriptedProvider((response, request) => {
    const { model } = JSON.parse(request.body) as { model: string };
    const { status = 200, body } = answers[model] ?? recording(model);
    const is_stream = typeof body === 'string';
    response.writeHead(status, { 'content-type': is_stream ? 'text/event-stream' : 'application/json' });
    response.end(is_stream ? body : JSON.stringify(body));
  });
}
