import type { Answer, Item } from '@aos/sdk/contract.ts';
import { AOSError } from '@aos/sdk/errors.ts';
import { CommandError } from '../frame/exit-codes.ts';
import { duration, money, oneLine } from '../frame/format.ts';
import type { Session } from '../frame/session.ts';

type Provider = Item<'listProviders'>;

export interface AddOptions {
  kind?: string;
  keyEnv?: string;
  baseUrl?: string;
  models?: string[];
}

/** Servers that are known by name: how they speak, and where, when that is not the provider's own. */
const known: Record<string, { kind: 'openai' | 'anthropic'; base_url?: string }> = {
  openai: { kind: 'openai' },
  anthropic: { kind: 'anthropic' },
  ollama: { kind: 'openai', base_url: 'http://127.0.0.1:11434/v1' },
};

/** Adds a provider, or gives one that is there another key or address; then sees whether it answers. */
export async function addProvider(session: Session, slug: string, options: AddOptions): Promise<void> {
  const kind = options.kind ?? known[slug]?.kind ?? slug;
  if (kind !== 'openai' && kind !== 'anthropic')
    throw new CommandError(
      'usage',
      `"${kind}" is no kind of provider`,
      'a provider speaks as openai or as anthropic',
      `npx aos providers add ${slug} --kind openai --base-url http://localhost:11434/v1`,
    );
  const base_url = options.baseUrl ?? known[slug]?.base_url;
  const secret = secretOf(session, options);
  const made = await session.aos
    .call('createProvider', { body: { slug, kind, base_url, secret, models: options.models } })
    .catch((error: unknown) => {
      if (!(error instanceof AOSError) || error.status !== 409) throw error;
      const change = { enabled: true, base_url: options.baseUrl, secret, models: options.models };
      return session.aos.call('changeProvider', { params: { id: slug }, body: change });
    });
  const has = await session.aos
    .call('listProviderModels', { params: { id: slug } })
    .catch((error: unknown) => notThere(error, slug));
  if (!has.accepted)
    throw new CommandError(
      'failed',
      `${slug} is kept, but did not accept the key`,
      `${made.base_url ?? slug} answered ${has.http_status} when it was asked for its models`,
      `npx aos providers add ${slug} --key-env OTHER_VARIABLE`,
    );
  const tested = await testCall(session, made, has);
  const priced = has.items.filter((of) => of.priced).length;
  const tick = session.style.green(session.style.mark.tick);
  session.show({
    data: { ...made, models_listed: has.items.length, priced, unpriced: has.items.length - priced, test: tested },
    text: () =>
      [
        `${tick} ${made.slug}  ${made.base_url ?? ''}`,
        `${tick} ${made.has_secret ? 'key accepted' : 'it answers'} (models listed: ${has.items.length})`,
        testText(session, tested),
        `${tick} prices known for ${priced}, unknown for ${has.items.length - priced} → shown as unknown`,
        '',
      ].join('\n'),
    next: `npx aos providers use ${made.slug}`,
  });
}

/** A provider that does not answer now may do so later: what is known of it is kept. */
function notThere(error: unknown, slug: string): never {
  if (!(error instanceof AOSError) || (error.status !== 502 && error.status !== 504)) throw error;
  const again = `npx aos providers add ${slug}`;
  throw new CommandError(
    'failed',
    `${slug} is kept, but does not answer`,
    error.message,
    slug === 'ollama' ? `ollama serve, then ${again}     or keep using mock` : again,
    error.request_id,
  );
}

function secretOf(session: Session, { keyEnv }: AddOptions): string | undefined {
  if (keyEnv === undefined) return undefined;
  const secret = session.terminal.env[keyEnv]?.trim();
  if (secret) return secret;
  throw new CommandError(
    'usage',
    `The variable ${keyEnv} is empty`,
    'the key of the provider is read from it',
    `export ${keyEnv}=…`,
  );
}

type Tested = { model: string; cost_usd: string | null } | { model: string; error: string } | null;

/** A small call to the first of its own models, or of those it lists that have a price. */
async function testCall(session: Session, { slug, kind, models }: Provider, has: Answer<'listProviderModels'>) {
  const small = has.items.find((of) => of.priced && /mini|haiku|small|nano/.test(of.name) && !/embed/.test(of.name));
  const name = models[0] ?? small?.name ?? has.items.find((of) => of.priced)?.name ?? has.items[0]?.name;
  if (name === undefined) return null;
  const model = `${slug}/${name}`;
  try {
    const { cost_usd } = await smallCall(session, model, kind);
    return { model, cost_usd };
  } catch (error) {
    if (error instanceof AOSError) return { model, error: oneLine(error.message) };
    throw error;
  }
}

function testText({ style }: Session, tested: Tested): string {
  if (tested === null) return `${style.yellow(style.mark.warning)} no test call: it lists no model`;
  if ('error' in tested) return `${style.red(style.mark.cross)} test call to ${tested.model}: ${tested.error}`;
  return `${style.green(style.mark.tick)} test call ${money(tested.cost_usd)}   ${tested.model}`;
}

/** One small call through the gateway, governed and recorded as any other. */
async function smallCall(session: Session, model: string, kind: Provider['kind']) {
  const begun_ms = session.terminal.now();
  const body = { model, max_tokens: 16, messages: [{ role: 'user', content: 'Say ok.' }] };
  const answer = (await session.aos.send({
    method: 'POST',
    path: kind === 'anthropic' ? '/v1/messages' : '/v1/chat/completions',
    body,
    headers: { 'x-aos-tags': 'aos.purpose=test' },
  })) as {
    model?: string;
    choices?: { message?: { content?: string } }[];
    content?: { text?: string }[];
  };
  const took_ms = session.terminal.now() - begun_ms;
  const page = await session.aos.call('listLlmRunRecords', { query: { limit: 1, is_synthetic: 'all' } });
  return {
    model: answer.model ?? model,
    took_ms,
    cost_usd: page.items[0]?.cost_usd ?? null,
    answer: answer.choices?.[0]?.message?.content ?? answer.content?.[0]?.text ?? null,
  };
}

/** `aos providers test provider/model`; `default` and bare names mean what they mean to every caller. */
export async function testModel(session: Session, model: string): Promise<void> {
  const { items } = await session.aos.call('listProviders', { query: { limit: 200 } });
  const of = items.find(({ slug, default_model }) =>
    model === 'default' ? default_model !== null : model.startsWith(`${slug}/`),
  );
  const told = await smallCall(session, model, of?.kind ?? 'openai');
  const tick = session.style.green(session.style.mark.tick);
  session.show({
    data: told,
    text: () =>
      `${tick} ${model} answered in ${duration(told.took_ms)}, ${money(told.cost_usd)}: ${oneLine(told.answer ?? '')}\n`,
    next: `npx aos run --agent my-agent --model ${model} "Say hello" --follow`,
  });
}

/** Calls for the model `default`, and runs without a model, go to this provider from now on. */
export async function useProvider(session: Session, slug: string, { model }: { model?: string }): Promise<void> {
  const used = await session.aos.call('useProvider', { params: { id: slug }, body: { model } });
  session.show({
    data: used,
    text: () =>
      `${session.style.green(session.style.mark.tick)} "default" is ${used.slug}/${used.default_model} from now on; mock stays as mock-*\n`,
    next: 'npx aos providers test default',
  });
}
