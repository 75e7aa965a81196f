import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { type ProviderKind, provider_kinds } from './provider-kind.ts';
import { namesSomething, slug, url } from './slug.ts';

const provider_kind = z.enum(provider_kinds);

/** Where a provider of this kind is reached when nobody says otherwise. */
export const usual_base_url: Record<ProviderKind, string | null> = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com',
  mock: null,
};

/** A small model of the provider itself, for those who name none. */
const usual_model: Record<ProviderKind, string> = {
  openai: 'gpt-4o-mini',
  anthropic: 'claude-haiku-4-5',
  mock: 'mock-small',
};

/** A source of models. Its secret goes in and never comes out. */
export const provider = z.object({
  id: idOf('provider'),
  slug: z.string(),
  kind: provider_kind,
  base_url: z.string().nullable(),
  has_secret: z.boolean(),
  /** Models it serves: at the provider's own address besides those the price book knows, elsewhere these alone if any. */
  models: z.array(z.string()),
  default_model: z
    .string()
    .nullable()
    .meta({ description: 'What calls for the model `default` get; null: they do not go to this provider' }),
  enabled: z.boolean(),
  created_at: instant,
  updated_at: instant,
  url,
});
export type Provider = z.infer<typeof provider>;

/** What a provider is used for by those who name no model; undefined: nobody can say without being told. */
export const usualModel = ({ kind, base_url, models }: Pick<Provider, 'kind' | 'base_url' | 'models'>) =>
  models[0] ?? (base_url === usual_base_url[kind] ? usual_model[kind] : undefined);

/** What a provider says it has, and what of it has a price here. */
export const provider_models = z
  .object({
    accepted: z.boolean().meta({ description: 'The provider took the key' }),
    http_status: z.int().nullable().meta({ description: 'Of its answer; null: it is built in' }),
    items: z.array(z.object({ name: z.string(), priced: z.boolean() })),
  })
  .meta({ id: 'ProviderModels' });
export type ProviderModels = z.infer<typeof provider_models>;

/** Requests go to paths below it; kept without a slash at its end. */
const base_url = z
  .string()
  .max(2000)
  .refine((text) => isPlainUrl(text), 'must be an http or https URL without user, query or fragment')
  .transform((text) => text.replace(/\/+$/, ''));

/** It travels in a header. */
const secret = z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'must have 1 to 4096 visible ASCII characters');
const model_name = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be a model name of at most 200 characters');
const models = z.array(model_name).max(1000);

export const new_provider = z.strictObject({
  slug: slug.refine((text) => text !== 'mock', 'must not be "mock", the built-in provider'),
  kind: z.enum(['openai', 'anthropic']),
  /** Absent: the provider's own address. */
  base_url: base_url.optional(),
  /** Absent or null: it needs none. */
  secret: secret.nullish(),
  models: models.default([]),
});

/** `model` absent: the first of its own list, or a small one of the provider itself. */
export const provider_use = z.strictObject({ model: model_name.optional() });

/** What is not named stays as it is; a new `base_url` needs the secret again. */
export const provider_change = z
  .strictObject({
    base_url: base_url.optional(),
    secret: secret.nullish(),
    models: models.optional(),
    enabled: z.boolean().optional(),
  })
  .refine(namesSomething, 'must name what to change');

function isPlainUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '' && !/[?#\s]/.test(text);
}
