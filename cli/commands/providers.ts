import type { Answer, Item } from '@aos/sdk/contract.ts';
import { duration, money } from '../frame/format.ts';
import { left_out, rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';
import { addProvider, testModel, useProvider } from './providers-add.ts';

type Provider = Item<'listProviders'>;
type PriceEntry = Item<'listPrices'>;

export const providers: Noun = {
  name: 'providers',
  register: (program, act) => {
    const command = program.command('providers').description('where models come from');
    command
      .command('list', { isDefault: true })
      .description('providers, without their secrets')
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list providers', list));
    command
      .command('add <slug>')
      .description(
        'add a provider (openai, anthropic, ollama, or any that speaks as one of them), or give it another key',
      )
      .option('--kind <kind>', 'openai or anthropic; absent: as the slug says')
      .option('--key-env <variable>', 'the environment variable that holds its key')
      .option('--base-url <address>', "absent: the provider's own")
      .option(
        '--models <models>',
        'the models it serves; at its own address, besides those the price book knows',
        several,
      )
      .action(act('Cannot add the provider', addProvider));
    command
      .command('test <model>')
      .description('one small call through the gateway: provider/model')
      .action(act('The model did not answer', testModel));
    command
      .command('use <provider>')
      .description('calls for the model "default", and runs without a model, go there')
      .option('--model <model>', 'absent: the first of its own list, or a small one of the provider itself')
      .action(act('Cannot use the provider', useProvider));
    command
      .command('prices')
      .description('what models cost, per million tokens')
      .option('--provider <provider>', `of this provider or kind; ${left_out}`, several)
      .option('--model <model>', `of this model; ${left_out}`, several)
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list prices', prices));
  },
};

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const from = new Date(session.terminal.now() - day_ms).toISOString();
  const [page, day] = await Promise.all([
    session.aos.call('listProviders', { query: { limit } }),
    session.aos.call('getMetrics', { query: { from, is_synthetic: 'all' } }),
  ]);
  await showList(session, page, {
    what: 'providers',
    columns: columnsOf(new Map(day.by_provider.map((of) => [of.provider, of]))),
    empty: 'npx aos providers add openai --key-env OPENAI_API_KEY',
    next: 'npx aos providers test mock/mock-small',
  });
}

const day_ms = 86_400_000;

type Day = Answer<'getMetrics'>['by_provider'][number];

const columnsOf = (day: ReadonlyMap<string | null, Day>): Column<Provider>[] => [
  { title: 'provider', value: (of) => of.slug },
  { title: 'kind', value: (of) => of.kind },
  { title: 'address', value: (of) => of.base_url ?? 'built in', flexible: true },
  { title: 'key', value: (of) => (of.has_secret ? 'kept' : '–') },
  { title: 'state', value: (of) => (of.enabled ? 'enabled' : 'disabled') },
  { title: 'default', value: (of) => of.default_model ?? '–' },
  { title: 'failed, 24 h', value: (of) => failedText(day.get(of.slug)), align: 'right' },
  { title: 'p95', value: (of) => p95Text(day.get(of.slug)), align: 'right' },
];

const failedText = (of: Day | undefined): string =>
  of === undefined || Number(of.calls) === 0 ? 'no calls' : `${of.failed} of ${of.calls}`;

const p95Text = (of: Day | undefined): string =>
  of === undefined || of.p95_duration_ms === null ? '–' : duration(of.p95_duration_ms);

async function prices(
  session: Session,
  { provider, model, limit }: { provider?: string[]; model?: string[]; limit: number },
): Promise<void> {
  const page = await session.aos.call('listPrices', { query: { provider, model, limit } });
  await showList(session, page, {
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
