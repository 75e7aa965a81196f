import type { Estimate, Unpriced } from '@aos/core/activity/call.ts';
import { type Reach, worstCase } from '@aos/core/activity/price.ts';
import { countInput, inputTokensBound } from '@aos/core/activity/prompt.ts';
import type { WireRequest } from '@aos/core/activity/wires/define.ts';
import type { Json } from '@aos/core/base/json.ts';
import { inTurns } from '../base/in-turns.ts';
import { pdfSizesOf } from '../base/pdf-sizes.ts';
import { loadTokenizer } from '../base/tokenizer.ts';
import type { ProjectRow } from '../store/control-read.ts';
import type { AskedCall } from './asked.ts';
import type { ChosenModel } from './models.ts';

/** Fewer output tokens than this are not worth sending: a call that can pay less is refused. */
const least_output_tokens = 16;

/** The upper bound of a call from the size of its prompt alone: sound for every tokenizer, loose, and cheap. */
export function estimateOf(asked: AskedCall, model: ChosenModel, project: ProjectRow): Estimate {
  const { request } = asked;
  const bound = inputTokensBound(request.prompt, model.name, pdfSizesOf(request.prompt));
  const input_tokens = Math.min(bound, model.priced?.context_window ?? Infinity);
  const output_tokens = outputOf(request, model, project);
  return {
    input_tokens,
    input_bound: 'bytes',
    output_tokens,
    choices: request.choices,
    tool_results: request.tool_results,
    ...priceOf(input_tokens, asked, model),
  };
}

/**
 * The same with the prompt's tokens counted, for models whose tokenizer is known; null for the others. Counting costs
 * a hundred times the bound from bytes, so it is asked only when that bound does not fit.
 */
export async function countedEstimate(
  estimate: Estimate,
  asked: AskedCall,
  model: ChosenModel,
): Promise<Estimate | null> {
  const { kind } = model.provider;
  if (kind === 'anthropic' || asked.request.prompt.unseen > 0) return null;
  const { prompt } = asked.request;
  const most = estimate.input_tokens;
  const of = { provider: kind, model: model.name, pdfs: pdfSizesOf(prompt), most };
  const input_tokens = await inTurns(countInput(prompt, await loadTokenizer(), of));
  if (input_tokens >= most) return null;
  return priced({ ...estimate, input_tokens, input_bound: 'tokens' }, asked, model);
}

/** The bound of a call whose input is given in tokens. */
export const estimateOfTokens =
  (input_tokens: number): typeof estimateOf =>
  (asked, model, project) =>
    priced({ ...estimateOf(asked, model, project), input_tokens, input_bound: 'tokens' }, asked, model);

const priced = (estimate: Estimate, asked: AskedCall, model: ChosenModel): Estimate => ({
  ...estimate,
  ...priceOf(estimate.input_tokens, asked, model),
});

function priceOf(input_tokens: number, asked: AskedCall, model: ChosenModel): Pick<Estimate, 'price' | 'unpriced'> {
  const { priced: known } = model;
  const price = known && worstCase(known.price, input_tokens, reachOf(plainly(asked), asked.request));
  return price ? { price } : { price, unpriced: unpricedBy(model) };
}

function unpricedBy({ priced: known, beyond }: ChosenModel): Unpriced {
  if (known === null) return beyond ?? 'model';
  return known.price.per_web_search_nano === null ? 'search' : 'searches';
}

const escaped_letter = Buffer.from('\\u');

/** The body with every letter that JSON can write in another way written as itself. */
const plainly = ({ body, json }: AskedCall): Buffer =>
  body.includes(escaped_letter) ? Buffer.from(JSON.stringify(json)) : body;

const [cache_control, for_an_hour, audio] = ['"cache_control"', '"1h"', 'audio'].map((text) => Buffer.from(text)) as [
  Buffer,
  Buffer,
  Buffer,
];

/** Dearer kinds of input that a request can only reach when it says so somewhere in its body. */
function reachOf(body: Buffer, { searches }: WireRequest): Reach {
  const cache_write = body.includes(cache_control);
  return {
    cache_write,
    cache_write_1h: cache_write && body.includes(for_an_hour),
    audio: body.includes(audio),
    web_searches: searches.most,
  };
}

function outputOf(request: WireRequest, model: ChosenModel, project: ProjectRow): Estimate['output_tokens'] {
  if (request.max_output_tokens !== null)
    return { wanted: request.max_output_tokens, floor: request.max_output_tokens };
  const wanted = Math.min(project.default_output_bound, model.priced?.max_output_tokens ?? Infinity);
  return { wanted, floor: Math.min(least_output_tokens, wanted) };
}

/** As it is stored with the record: amounts as text. */
export function estimateJson(estimate: Estimate): Json {
  const { input_tokens, input_bound, output_tokens, choices, tool_results, price } = estimate;
  return {
    input_tokens,
    input_bound,
    output_tokens,
    choices,
    tool_results,
    price: price && { base_pico: String(price.base_pico), output_pico: String(price.output_pico) },
  };
}
