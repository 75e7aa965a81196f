import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '@aos/sdk/contract.ts';
import type { Command } from 'commander';
import { parseAllDocuments } from 'yaml';
import { CommandError } from '../frame/exit-codes.ts';
import { policyFiles } from '../frame/files.ts';
import { amount, money, oneLine } from '../frame/format.ts';
import { progressOf } from '../frame/progress.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf, tableOf } from '../frame/table.ts';
import type { Act } from './define.ts';

type Preview = Answer<'getPreview'>;
type Result = NonNullable<Preview['result']>;

interface PreviewOptions {
  days: string;
  replaces?: string;
  synthetic?: boolean;
}

export function registerPreview(
  command: Command,
  act: Act,
  idOf: (session: Session, named: string) => Promise<string>,
): void {
  command
    .command('preview <policy>')
    .description('what a policy, or the first one of a file, would have done to the calls that were made')
    .option('--days <n>', 'how many past days', '30')
    .option('--replaces <policy>', 'compare with this policy')
    .option('--synthetic', 'over calls of demos and scenarios too')
    .action(
      act('Cannot preview the policy', async (session, named: string, options: PreviewOptions) => {
        const policy = /\.(ya?ml|json)$/.test(named)
          ? documentIn(session, named)
          : { policy_id: await idOf(session, named) };
        const replaces = options.replaces === undefined ? undefined : await idOf(session, options.replaces);
        const hours = Number(options.days) * 24;
        const begun = await session.aos.call('previewPolicy', {
          body: { policy: policy as never, replaces, window: { hours }, include_synthetic: options.synthetic ?? false },
        });
        const { result } = await untilReady(session, begun);
        if (result)
          session.show({
            data: result,
            text: () => textOf(session, result),
            next: 'npx aos policy activate … --mode shadow',
          });
      }),
    );
}

function documentIn(session: Session, path: string): unknown {
  const text = policyFiles(session.terminal, [path])[0]?.text ?? '';
  const { status: _, ...document } = (parseAllDocuments(text)[0]?.toJS() ?? {}) as Record<string, unknown>;
  return document;
}

async function untilReady(session: Session, begun: Preview): Promise<Preview> {
  const progress = progressOf(session, 'looking at calls');
  let preview = begun;
  while (preview.status === 'running') {
    progress.at(preview.calls_done, preview.calls_total ?? preview.calls_done);
    await sleep(250);
    preview = await session.aos.call('getPreview', { params: { id: begun.id } });
  }
  progress.end();
  if (preview.status === 'ready') return preview;
  throw new CommandError('failed', `The preview ${preview.status}`, preview.error ?? 'somebody stopped it');
}

const day_columns: Column<Result['by_day'][number]>[] = [
  { title: 'day', value: (of) => of.day },
  { title: 'calls', value: (of) => amount(of.calls), align: 'right' },
  { title: 'warned', value: (of) => amount(of.warned), align: 'right' },
  { title: 'stopped', value: (of) => amount(of.paused + of.blocked + of.killed), align: 'right' },
  { title: 'spent', value: (of) => money(of.spend_usd), align: 'right' },
  { title: 'not spent', value: (of) => money(of.spend_not_made_usd), align: 'right' },
];

function textOf({ terminal, style }: Session, result: Result): string {
  const { affected, runs, calls, diff } = result;
  const stopped = affected.paused.runs + affected.blocked.runs + affected.killed.runs;
  const facts = factsOf([
    ['looked at', `${amount(calls.looked_at)} calls, ${amount(calls.matched)} of them concerned`],
    ['would stop', `${stopped} of ${runs.matched} runs`],
    ['would warn', `${affected.warned.runs} runs`],
    ['not spent', `${money(result.spend_not_made_usd)} of ${money(result.spend_usd)}`],
    ['difference', diff && differenceOf(diff.runs)],
  ]);
  const days = result.by_day.length === 0 ? '' : `\n${tableOf(result.by_day, day_columns, terminal.columns)}`;
  const caveats = result.caveats.map((caveat) => style.dim(`${style.mark.warning} ${oneLine(caveat)}\n`)).join('');
  return `${facts}${days}${caveats}`;
}

/** What a change of a policy would do to runs: three counts, and all that it meets. */
const differenceOf = (of: NonNullable<Result['diff']>['runs']): string =>
  `${amount(of.newly_stopped)} runs newly stopped, ${amount(of.no_longer_stopped)} no longer, ${amount(of.still_stopped + of.unchanged)} unchanged`;
