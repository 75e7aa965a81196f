import type { Item } from '@aos/sdk/contract.ts';
import { CommandError, exit_codes } from '../frame/exit-codes.ts';
import { ago, duration, oneLine } from '../frame/format.ts';
import { rowLimit, several, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Column } from '../frame/table.ts';
import type { Noun } from './define.ts';

type Channel = Item<'listChannels'>;

export const channels: Noun = {
  name: 'channels',
  register: (program, act) => {
    const command = program.command('channels').description('where alerts are sent');
    command
      .command('list', { isDefault: true })
      .description('channels, and whether deliveries arrive')
      .option('--limit <rows>', 'maximum rows', rowLimit, 50)
      .action(act('Cannot list channels', list));
    command
      .command('add <slug>')
      .description('make a channel: a webhook, a Slack webhook, or e-mail')
      .option('--webhook <address>', 'signed as Standard Webhooks are')
      .option('--slack <address>', 'a Slack-compatible webhook')
      .option('--email <addresses>', 'one or several', several)
      .action(act('Cannot make the channel', add));
    command
      .command('test <channel>')
      .description('send a test delivery now')
      .action(act('The channel does not work', test));
  },
};

async function list(session: Session, { limit }: { limit: number }): Promise<void> {
  const page = await session.aos.call('listChannels', { query: { limit } });
  const untested = page.items.find((of) => of.tested_at === null);
  await showList(session, page, {
    what: 'channels',
    columns: columnsAt(session.terminal.now()),
    empty: 'npx aos channels add ops --slack https://hooks.slack.com/…',
    next: untested ? `npx aos channels test ${untested.slug}` : 'npx aos alerts',
  });
}

const columnsAt = (now_ms: number): Column<Channel>[] => [
  { title: 'channel', value: (of) => of.slug },
  { title: 'kind', value: (of) => of.kind },
  { title: 'address', value: (of) => of.address ?? '–', flexible: true },
  {
    title: 'state',
    value: (of) => (!of.enabled ? 'disabled' : of.failing_since ? 'failing' : of.tested_at ? 'works' : 'not tested'),
  },
  { title: 'last told', value: (of) => toldText(of.last_delivery, now_ms), align: 'right' },
  { title: 'failed, 7 d', value: (of) => failedText(of.last_week), align: 'right' },
  { title: 'tested', value: (of) => ago(of.tested_at, now_ms), align: 'right' },
];

const toldText = (last: Channel['last_delivery'], now_ms: number): string => {
  if (!last) return 'never';
  if (last.status !== 'delivered') return last.status === 'dead' ? 'given up' : 'on its way';
  return `${ago(last.delivered_at, now_ms)}${last.latency_ms === null ? '' : ` in ${duration(last.latency_ms)}`}`;
};

const failedText = ({ failed_attempts, given_up }: Channel['last_week']): string =>
  given_up > 0 ? `${failed_attempts}, ${given_up} given up` : String(failed_attempts);

async function add(
  session: Session,
  slug: string,
  options: { webhook?: string; slack?: string; email?: string[] },
): Promise<void> {
  const { webhook, slack, email } = options;
  const body = webhook
    ? ({ kind: 'webhook', slug, url: webhook } as const)
    : slack
      ? ({ kind: 'slack', slug, url: slack } as const)
      : ({ kind: 'email', slug, to: email ?? [] } as const);
  if (body.kind === 'email' && body.to.length === 0)
    throw new CommandError(
      'usage',
      'A channel needs an address',
      'it is a webhook, a Slack webhook or e-mail',
      '--webhook, --slack or --email',
    );
  const made = await session.aos.call('createChannel', { body: body as never });
  session.show({
    data: made,
    text: () =>
      `${session.style.green(session.style.mark.tick)} ${made.slug}${made.secret === undefined ? '' : `  signing key, shown this once: ${made.secret}`}\n`,
    next: `npx aos channels test ${slug}`,
  });
}

async function test(session: Session, named: string): Promise<number> {
  const tested = await session.aos.call('testChannel', { params: { id: named } });
  const { style } = session;
  session.show({
    data: tested,
    text: () =>
      tested.ok
        ? `${style.green(style.mark.tick)} it arrived\n`
        : `${style.red(style.mark.cross)} it did not arrive: ${oneLine(JSON.stringify(tested.delivery))}\n`,
    next: 'npx aos channels list',
  });
  return tested.ok ? exit_codes.ok : exit_codes.failed;
}
