import type { Answer, Item } from '@aos/sdk/contract.ts';
import type { Command } from 'commander';
import { CommandError } from '../frame/exit-codes.ts';
import { ago, amount, duration, oneLine, percent } from '../frame/format.ts';
import { rowLimit, showList } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import { type Column, factsOf } from '../frame/table.ts';
import type { Act } from './define.ts';

type Hit = Item<'listShadowHits'>;
type IdOf = (session: Session, named: string) => Promise<string>;

/** What a policy in shadow would have stopped, and what people say of it. */
export function registerJudge(command: Command, act: Act, idOf: IdOf): void {
  command
    .command('shadow <policy>')
    .description('what a policy in shadow looked at and would have stopped, and how that was judged')
    .option('--limit <rows>', 'maximum rows', rowLimit, 20)
    .action(
      act(
        'Cannot tell what the policy would have stopped',
        async (session, named: string, { limit }: { limit: number }) =>
          shadow(session, await idOf(session, named), limit),
      ),
    );
  command
    .command('judge <policy> <decision> <verdict>')
    .description('judge whether it would have been right or wrong to stop this call')
    .action(
      act('Cannot judge the decision', async (session, named: string, decision: string, verdict: string) =>
        judge(session, await idOf(session, named), decision, verdict),
      ),
    );
}

async function shadow(session: Session, id: string, limit: number): Promise<void> {
  const query = { is_synthetic: 'all' as const };
  const [state, page] = await Promise.all([
    session.aos.call('getShadow', { params: { id }, query }),
    session.aos.call('listShadowHits', { params: { id }, query: { ...query, limit } }),
  ]);
  if (!session.options.json && !session.options.jsonl) session.note(stateText(state));
  const first = page.items.find(({ judgment }) => judgment === null);
  const shown = { ...page, state };
  showList(session, shown, {
    what: 'calls that it would have stopped',
    columns: columnsAt(session.terminal.now()),
    empty: `npx aos policy show ${id}`,
    next: first && `npx aos policy judge ${id} ${first.decision_id} right`,
  });
}

function stateText(of: Answer<'getShadow'>): string {
  const { in_shadow_ms, evaluated, evaluated_is_exact, would_stop, right, wrong, doubts } = of;
  if (in_shadow_ms === null) return 'It is not in shadow.';
  const share = evaluated_is_exact && evaluated ? ` (${percent(would_stop, evaluated)})` : '';
  return factsOf([
    ['in shadow', duration(in_shadow_ms)],
    ['evaluated', evaluated === null ? null : `${evaluated_is_exact ? '' : '≥ '}${amount(evaluated)} calls`],
    ['would stop', `${amount(would_stop)}${share}`],
    ['judged', `${right} right, ${wrong} wrong`],
    ...doubts.map((doubt): [string, string] => ['but', doubt]),
  ]);
}

const columnsAt = (now_ms: number): Column<Hit>[] => [
  { title: 'decision', value: (of) => of.decision_id },
  { title: 'agent', value: (of) => of.agent_slug ?? 'none' },
  { title: 'would', value: (of) => of.action },
  { title: 'why', value: (of) => oneLine(of.reason ?? ''), flexible: true },
  { title: 'when', value: (of) => ago(of.occurred_at, now_ms), align: 'right' },
  { title: 'judged', value: (of) => of.judgment?.verdict ?? '' },
];

async function judge(session: Session, id: string, decision_id: string, verdict: string): Promise<void> {
  if (verdict !== 'right' && verdict !== 'wrong')
    throw new CommandError(
      'usage',
      `"${oneLine(verdict)}" is no judgment`,
      'a call would have been stopped rightly, or wrongly',
      `npx aos policy judge ${id} ${decision_id} right`,
    );
  const judged = await session.aos.call('judgeShadowHit', { params: { id }, body: { decision_id, verdict } });
  const { style } = session;
  session.show({
    data: judged,
    text: () => `${style.green(style.mark.tick)} marked ${verdict}: ${oneLine(judged.reason ?? decision_id)}\n`,
    next: `npx aos policy shadow ${id}`,
  });
}
