import type { Item } from '@aos/sdk/contract.ts';
import { CommandError } from '../frame/exit-codes.ts';
import { duration, money, oneLine } from '../frame/format.ts';
import { rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Provider = Item<'listProviders'>;
type PriceEntry = Item<'listPrices'>;

interface AddOptions {
  kind?: string;
  keyEnv?: string;
  baseUrl?: string;
  models?: string[];
}

export const providers: Noun = {
  name: 'providers',
  register: (program, act) => {
    const command = program.command('providers').description('where models come from');
    command
      .command('list', { isDefault: true })
      .description('providers, without their secrets')
      .option('--limit <rows>', 'at most so many', rowLimit, 50)
      .action(act('Cannot list providers', list));
    command
      .command('add <slug>')
      .description('add a provider: openai, anthropic, or any that speaks as one of them')
      .option('--kind <kind>', 'openai or anthropic; absent: as the slug says')
      .option('--key-env <variable>', 'the environment variable that holds its key')
      .option('--base-url <address>', "absent: the provider's own")
      .option('--models <models>', 'models beyond those the price book knows', several)
      .action(act('Cannot add the provider', add));
    command
      .command('test <model>')
      .description('one small call through the gateway: provider/model')
      .action(act('The model did not answer', test));
    command
      .command('prices')
      .description('what models cost, per million tokens')
      .option('--provider <provider>', 'of this provider or kind')
      .option('--model <model>', 'of this model')
      .option('--limit <rows>', 'at most so many', rowLimit, 50)
      .action(act('Cannot list prices', prices));
  },
};

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const page = await session.aos.call('listProviders', { query: { limit } });
  showList(session, page, {
    what: 'providers',
    columns,
    empty: 'npx aos providers add openai --key-env OPENAI_API_KEY',
    next: 'npx aos providers test mock/mock-small',
  });
}

const columns: Column<Provider>[] = [
  { title: 'provider', value: (of) => of.slug },
  { title: 'kind', value: (of) => of.kind },
  { title: 'address', value: (of) => of.base_url ?? 'built in', flexible: true },
  { title: 'key', value: (of) => (of.has_secret ? 'kept' : '–') },
  { title: 'state', value: (of) => (of.enabled ? 'enabled' : 'disabled') },
];

async function add(session: Session, slug: string, options: AddOptions): Promise<void> {
  const { keyEnv, baseUrl, models } = options;
  const kind = options.kind ?? slug;
  if (kind !== 'openai' && kind !== 'anthropic')
    throw new CommandError(
      'usage',
      `"${kind}" is no kind of provider`,
      'a provider speaks as openai or as anthropic',
      `npx aos providers add ${slug} --kind openai --base-url http://localhost:11434/v1`,
    );
  const secret = keyEnv === undefined ? undefined : session.terminal.env[keyEnv]?.trim();
  if (keyEnv !== undefined && !secret)
    throw new CommandError(
      'usage',
      `The variable ${keyEnv} is empty`,
      'the key of the provider is read from it',
      `export ${keyEnv}=…`,
    );
  const made = await session.aos.call('createProvider', { body: { slug, kind, base_url: baseUrl, secret, models } });
  session.show({
    data: made,
    text: () => `${session.style.green(session.style.mark.tick)} ${made.slug}  ${made.base_url ?? ''}\n`,
    next: `npx aos providers test ${made.slug}/<model>`,
  });
}

/** Headers and the body of the gateway's own answer: the call is governed and recorded as any other. */
async function test(session: Session, model: string): Promise<void> {
  const begun_ms = session.terminal.now();
  const body = { model, max_tokens: 16, messages: [{ role: 'user', content: 'Say ok.' }] };
  const answer = (await session.aos.send({
    method: 'POST',
    path: '/v1/chat/completions',
    body,
    headers: { 'x-aos-tags': 'aos.purpose=test' },
  })) as {
    model?: string;
    choices?: { message?: { content?: string } }[];
  };
  const took_ms = session.terminal.now() - begun_ms;
  const page = await session.aos.call('listLlmRunRecords', { query: { limit: 1, is_synthetic: 'all' } });
  const cost = page.items[0]?.cost_usd ?? null;
  const { tick } = session.style.mark;
  session.show({
    data: {
      model: answer.model ?? model,
      took_ms,
      cost_usd: cost,
      answer: answer.choices?.[0]?.message?.content ?? null,
    },
    text: () =>
      `${session.style.green(tick)} ${model} answered in ${duration(took_ms)}, ${money(cost)}: ${oneLine(answer.choices?.[0]?.message?.content ?? '')}\n`,
    next: `npx aos run --agent my-agent --model ${model} "Say hello" --follow`,
  });
}

async function prices(
  session: Session,
  { provider, model, limit }: { provider?: string; model?: string; limit: number },
): Promise<void> {
  const page = await session.aos.call('listPrices', { query: { provider, model, limit } });
  showList(session, page, {
    what: 'prices',
    columns: price_columns,
    empty: 'npx aos providers list',
    next: 'npx aos providers prices --model gpt-4o',
  });
}

const rate = (of: PriceEntry, name: 'input' | 'output'): string => {
  const value = of.tiers[0]?.rates[name];
  return value === undefined ? '–' : money(String(value));
};

const price_columns: Column<PriceEntry>[] = [
  { title: 'provider', value: (of) => of.provider },
  { title: 'model', value: (of) => of.model, flexible: true },
  { title: 'in / 1M', value: (of) => rate(of, 'input'), align: 'right' },
  { title: 'out / 1M', value: (of) => rate(of, 'output'), align: 'right' },
  { title: 'from', value: (of) => `${of.source}${of.in_force ? '' : ' (not in force)'}` },
];
