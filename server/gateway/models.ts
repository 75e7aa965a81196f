import type { Wire } from '@aos/core/activity/wires/define.ts';
import { wires } from '@aos/core/activity/wires/index.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Govern } from '../govern/govern.ts';
import { type ServedModel, servedModel, servedModels } from '../govern/models.ts';
import type { IdentityAtEpoch } from '../http/authenticate.ts';
import { wantsAnthropic } from '../http/problem.ts';

/**
 * The models that can be called, all of them and one by its name, in the form of whoever asks: clients of Anthropic say
 * `anthropic-version`, and get those that speak their wire. A name may hold slashes, encoded or as they are.
 */
export function modelsRoutes(
  app: FastifyInstance,
  govern: Govern,
  caller: (request: FastifyRequest) => Promise<IdentityAtEpoch>,
): void {
  const controlFor = async (request: FastifyRequest) => govern.controls.of((await caller(request)).tenant_id);
  for (const path of ['/v1/models', '/anthropic/v1/models']) {
    app.get<{ Querystring: PageQuery }>(path, async (request) => {
      const form = formFor(request);
      return form.list(servedModels(await controlFor(request), form.only), request.query);
    });
    app.get<{ Params: { '*': string } }>(`${path}/*`, async (request) => {
      const form = formFor(request);
      const control = await controlFor(request);
      return form.one(servedModel(control, form.wire, servedModels(control, form.only), request.params['*']));
    });
  }
}

interface PageQuery {
  limit?: string | string[];
  after_id?: string | string[];
  before_id?: string | string[];
}

/** How one dialect shows models. */
interface Form {
  /** What a bare name means is asked of this wire. */
  wire: Wire;
  /** Null: models that are called on other wires are listed, too. */
  only: Wire | null;
  one(model: ServedModel): object;
  list(models: ServedModel[], query: PageQuery): object;
}

const formFor = (request: FastifyRequest): Form => (wantsAnthropic(request) ? anthropic : openai);

/** https://platform.openai.com/docs/api-reference/models */
const openai: Form = {
  wire: wires.chat,
  only: null,
  one: ({ id, provider, priced }) => ({ id, object: 'model', created: 0, owned_by: provider, priced }),
  list: (models) => ({ object: 'list', data: models.map(openai.one) }),
};

/** https://platform.claude.com/docs/en/api/models/list */
const anthropic: Form = {
  wire: wires.messages,
  only: wires.messages,
  // The time is the one that stands there for an unknown one, and null for what is not known of a model.
  one: ({ id }) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: '1970-01-01T00:00:00Z',
    capabilities: null,
    max_input_tokens: null,
    max_tokens: null,
  }),
  list(models, query) {
    const { page, has_more } = pageOf(models, query);
    return {
      data: page.map(anthropic.one),
      has_more,
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
    };
  },
};

const most_in_a_page = 1000;

/** Without a limit all come that fit in a page: there are more models here than the 20 that clients expect to be all. */
function pageOf(models: ServedModel[], query: PageQuery): { page: ServedModel[]; has_more: boolean } {
  const limit = query.limit === undefined ? most_in_a_page : Number(query.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > most_in_a_page)
    throw new Problem('invalid_query', `limit must be a whole number from 1 to ${most_in_a_page}.`);
  const start = query.after_id === undefined ? 0 : placeOf(models, 'after_id', query.after_id) + 1;
  const end = query.before_id === undefined ? models.length : placeOf(models, 'before_id', query.before_id);
  const within = models.slice(start, Math.max(start, end));
  const backwards = query.before_id !== undefined && query.after_id === undefined;
  return { page: backwards ? within.slice(-limit) : within.slice(0, limit), has_more: within.length > limit };
}

function placeOf(models: ServedModel[], name: string, id: string | string[]): number {
  const at = models.findIndex((model) => model.id === id);
  if (at >= 0) return at;
  throw new Problem('invalid_query', `${name} must be the id of a model of this list.`);
}
