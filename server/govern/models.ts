import { usual_base_url } from '@aos/core/access/provider.ts';
import type { PricedModel } from '@aos/core/activity/price-book.ts';
import { withSearchPrice } from '@aos/core/activity/search-price.ts';
import { beyondStandardRates } from '@aos/core/activity/standard-rates.ts';
import type { Wire, WireRequest } from '@aos/core/activity/wires/define.ts';
import { Problem } from '@aos/core/base/error.ts';
import { isIdOf } from '@aos/core/base/id.ts';
import type { JsonObject } from '@aos/core/base/json.ts';
import type { ProviderRow } from '../store/control-read.ts';
import { upstreams } from '../upstreams/llm/index.ts';
import { mock_model_names } from '../upstreams/llm/mock-models.ts';
import type { TenantControl } from './control.ts';

/** The provider a model name means, and what is known of the model. */
export interface ChosenModel {
  provider: ProviderRow;
  /** The name the provider knows it by. */
  name: string;
  /** Null: the model has no price, or none for what the request asks for beside it. */
  priced: PricedModel | null;
  /** What it asks for so; absent where that is nothing. */
  beyond?: 'level' | 'tool';
}

/** Named so, a model means the same whatever other providers serve. */
export const fullName = ({ provider, name }: ChosenModel): string => `${provider.slug}/${name}`;

/** What callers ask for who leave the choice to the tenant. */
export const default_name = 'default';

/** What `default` stands for when the tenant has not said: the built-in provider's. */
const built_in_default = 'mock/mock-small';

/** The name that a model is called by, where it leaves the choice to the tenant: `provider/model`. */
export function nameOfDefault({ providers }: TenantControl): string {
  const used = providers.find((row) => row.default_model !== null);
  return used ? `${used.slug}/${used.default_model}` : built_in_default;
}

/** What names meant under a control state, which never changes. Few and short ones, for a caller may write any name. */
const known = new WeakMap<TenantControl, Map<string, ChosenModel>>();
const most_known = 500;
const longest_known = 200;

/** `provider/model`, a bare name that exactly one configured provider serves, or `default` where none serves that. */
export function chooseModel(control: TenantControl, wire: Wire, asked: string): ChosenModel {
  const name = `${wire.name} ${asked}`;
  const names = known.get(control) ?? new Map<string, ChosenModel>();
  const found = names.get(name);
  if (found) return found;
  const model = findModel(control, wire, asked);
  if (names.size < most_known && name.length <= longest_known) known.set(control, names.set(name, model));
  return model;
}

function findModel(control: TenantControl, wire: Wire, asked: string): ChosenModel {
  const speaking = control.providers.filter((row) => row.enabled && upstreams[row.kind].wires.includes(wire.name));
  const is_served = speaking.some((row) => serves(control, row, asked));
  const requested = asked === default_name && !is_served ? nameOfDefault(control) : asked;
  const named = speaking.find((row) => requested.startsWith(`${row.slug}/`));
  if (named && requested.length > named.slug.length + 1)
    return chosen(control, named, requested.slice(named.slug.length + 1));
  const serving = speaking.filter((row) => serves(control, row, requested));
  const [only] = serving;
  if (serving.length === 1 && only) return chosen(control, only, requested);
  throw serving.length > 1 ? ambiguous(requested, serving) : unknown(requested, control, wire);
}

function chosen(control: TenantControl, provider: ProviderRow, name: string): ChosenModel {
  const priced = control.prices.find(provider.slug, name) ?? control.prices.find(provider.kind, name);
  return { provider, name, priced };
}

/**
 * The model as it is billed for this request. Packaged prices are for standard service: at a dearer level the price is
 * unknown, and what a limit on money does then is its own choice. A price of the tenant's own is what the tenant says.
 */
export function billedFor(model: ChosenModel, { json, request: { searches } }: Billed): ChosenModel {
  const { priced } = model;
  if (priced === null || isIdOf('price', priced.price.id)) return model;
  const beyond = beyondStandardRates(json);
  if (beyond !== null) return { ...model, priced: null, beyond };
  if (searches.most === 0) return model;
  return { ...model, priced: { ...priced, price: withSearchPrice(priced.price, searches) } };
}

type Billed = { json: JsonObject; request: Pick<WireRequest, 'searches'> };

/** Named in the provider's own list, built in, or, where that says nothing else, known to the price book. */
function serves(control: TenantControl, row: ProviderRow, model: string): boolean {
  if (row.models.includes(model)) return true;
  if (row.kind === 'mock') return mock_model_names.includes(model);
  return hasBookOfKind(row) && control.prices.find(row.kind, model) !== null;
}

/** Whether it has the models that are priced for its kind. Elsewhere than at the provider's own address, a list is all. */
const hasBookOfKind = ({ kind, base_url, models }: ProviderRow): boolean =>
  models.length === 0 || (kind !== 'mock' && base_url === usual_base_url[kind]);

function ambiguous(requested: string, serving: ProviderRow[]): Problem {
  const choices = serving.map((row) => `"${row.slug}/${requested}"`).join(' or ');
  return new Problem(
    'model_not_found',
    `The model "${requested}" is served by ${serving.length} providers: say ${choices}.`,
  );
}

function unknown(requested: string, control: TenantControl, wire: Wire): Problem {
  const elsewhere = control.providers.find((row) => row.enabled && requested.startsWith(`${row.slug}/`));
  const why = elsewhere
    ? `the provider "${elsewhere.slug}" does not speak ${wire.path}`
    : `no configured provider serves it on ${wire.path}`;
  return new Problem(
    'model_not_found',
    `The model "${requested}" cannot be called: ${why}. GET /v1/models lists what can; POST /api/v1/providers adds a provider; "provider/model" names one.`,
  );
}

/** A model that can be called, as lists of the gateway show it. */
export interface ServedModel {
  /** Its full name. */
  id: string;
  provider: string;
  priced: boolean;
}

/** Every model that a bare or full name is known for; with a wire, those that can be called on it. */
export const servedModels = (control: TenantControl, wire: Wire | null): ServedModel[] =>
  control.providers
    .filter((row) => row.enabled && (wire === null || upstreams[row.kind].wires.includes(wire.name)))
    .flatMap((row) => [...new Set([...row.models, ...catalogOf(control, row)])].map((name) => ({ row, name })))
    .map(({ row, name }) => shown(chosen(control, row, name)));

const shown = (model: ChosenModel): ServedModel => ({
  id: fullName(model),
  provider: model.provider.slug,
  priced: model.priced !== null,
});

/**
 * One of these by its full name, or what any other name means to a call on this wire. A name that a call would only pass
 * on, for its provider to know or not, is no model that is known here.
 */
export function servedModel(control: TenantControl, wire: Wire, listed: ServedModel[], asked: string): ServedModel {
  const found = listed.find(({ id }) => id === asked);
  if (found) return found;
  const model = chooseModel(control, wire, asked);
  if (serves(control, model.provider, model.name)) return shown(model);
  throw new Problem(
    'model_not_found',
    `The provider "${model.provider.slug}" is not known to have a model "${model.name}": neither its list nor the price book names it. A call by this name goes to the provider all the same.`,
  );
}

/** The models of a provider's kind that are known by name: the built-in ones, or those of the packaged prices. */
function catalogOf({ catalog }: TenantControl, row: ProviderRow): string[] {
  if (row.kind === 'mock') return [...mock_model_names];
  if (!hasBookOfKind(row)) return [];
  return catalog.rows.filter((of) => of.price.provider === row.kind).map((of) => of.price.model);
}
