import type { IncomingMessage, ServerResponse } from 'node:http';
import { billOf } from './bill.ts';
import { parseBody, type StubBooks, sendJson } from './books.ts';
import { parseDirective } from './directive.ts';
import { errorBody } from './errors.ts';
import { Refusal } from './wire.ts';

const models = ['gpt-4o', 'gpt-4o-mini', 'claude-opus-4-6', 'text-embedding-3-small'];

/** What is not a model call: the list of models, and the routes by which a test in another process reads the books. */
export function answerAside(books: StubBooks, route: string, body: string, req: IncomingMessage, res: ServerResponse) {
  const anthropic = req.headers['anthropic-version'] !== undefined;
  switch (route) {
    case 'GET /v1/models':
      return sendJson(res, 200, anthropic ? anthropicModels() : openaiModels());
    case 'GET /__bill':
      return sendJson(res, 200, billOf(books.lines));
    case 'GET /__log':
      return sendJson(res, 200, books.log);
    case 'GET /__received':
      return sendJson(res, 200, books.received);
    case 'POST /__profile':
      return setProfile(books, body, res);
    default: {
      const refusal = new Refusal(404, `Invalid URL (${route})`);
      return sendJson(res, 404, errorBody(anthropic ? 'anthropic' : 'openai', refusal, 'req_stub'));
    }
  }
}

function setProfile(books: StubBooks, body: string, res: ServerResponse): void {
  try {
    books.profile = parseDirective(parseBody(body));
    sendJson(res, 200, books.profile);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    sendJson(res, error.status, errorBody('openai', error, 'req_stub'));
  }
}

const openaiModels = () => ({
  object: 'list',
  data: models.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'system' })),
});

const anthropicModels = () => ({
  data: models.map((id) => ({ type: 'model', id, display_name: id, created_at: '2025-01-01T00:00:00Z' })),
  has_more: false,
  first_id: models[0],
  last_id: models.at(-1),
});
