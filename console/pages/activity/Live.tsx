import { Link } from 'wouter';
import { useApi } from '../../api.ts';
import { BulkRuns } from '../../parts/BulkRuns.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { useRunActions } from '../../parts/RunActions.tsx';
import { RunPeek } from '../../parts/RunPeek.tsx';
import { type RunRow, run_columns, run_facets, run_query } from '../../parts/run-columns.tsx';
import { UnknownPrice } from '../../parts/UnknownPrice.tsx';
import { hrefOf } from '../../paths.ts';
import { dayText, shortId } from '../../ui/format.ts';
import { useKeyWords } from '../../ui/key-words.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import { Time, useNowText } from '../../ui/Time.tsx';
import { FoldedRun } from './FoldedRun.tsx';
import { useLingering } from './lingering.ts';
import { current_step, last_decision, tightest } from './live-columns.tsx';

/** Where the actions would stand over them, they wait for a wider window. */
const with_tokens = 1_180;
const day_ms = 86_400_000;
const { state, name, agent, actor, models, steps, tokens, cost, elapsed } = run_columns;
const columns = [
  state,
  { ...name, width: 'minmax(90px, 2.4fr)' },
  agent,
  { ...actor, width: 'minmax(64px, 1fr)' },
  current_step,
  { ...elapsed, title: 'Elapsed, since', width: '96px', cell: (run: RunRow) => <Since of={run} /> },
  { ...tokens, from: with_tokens },
  cost,
  tightest,
  last_decision,
  { ...models, spare: true, from: 0 },
  { ...steps, spare: true, from: 0 },
];

/** How long it has been running, and since when. */
function Since({ of }: { of: RunRow }) {
  const begun = Date.parse(of.started_at ?? of.created_at);
  const since = useNowText((now) => dayText(begun).split(', ')[now - begun < day_ms ? 1 : 0] ?? '');
  return (
    <>
      {elapsed.cell(of)} <span className="quiet">{since}</span>
    </>
  );
}

const facets = [
  { name: 'status', label: 'State', choices: ['queued', 'running', 'retry'] },
  { name: 'hold', label: 'Hold', choices: ['paused', 'stopping', 'none'] },
  ...run_facets,
];
const keyOf = (run: RunRow) => run.id;
const openHref = (run: RunRow) => hrefOf(run.id);

/** What is running, what it costs, and how to stop it. */
export function Live() {
  const actions = useRunActions();
  useKeyWords({ p: 'Pause or resume the run', '⇧K': 'Kill the run' });
  return (
    <Page title="Live runs" heading="Activity" full>
      <RoomTabs of="Activity" />
      <ListView
        of="listLiveRuns"
        label="Live runs"
        noun="runs"
        facets={facets}
        example={run_query}
        counted={{ of: 'getRunFacets', query: { part: 'live' } }}
        columns={[...columns, actions.column]}
        least={880}
        above={(values, set) => <UnknownPrice of="listLiveRuns" values={values} onChange={set} />}
        folded={{ below: 640, height: 100, cell: (run) => <FoldedRun run={run}>{actions.column.cell(run)}</FoldedRun> }}
        useRows={useLingering}
        keyOf={keyOf}
        openHref={openHref}
        peek={(run) => <RunPeek run={run} />}
        peekTitle={(run) => <code>{shortId(run.id)}</code>}
        onKey={actions.onKey}
        bulk={(runs, clear) => <BulkRuns runs={runs} onDone={clear} />}
        empty={<NothingRuns />}
      />
      {actions.dialog}
    </Page>
  );
}

function NothingRuns() {
  const last = useApi('listCompletedRuns', { query: { limit: 1, is_synthetic: 'all' } });
  const run = last.data?.items[0];
  return (
    <Empty title="Nothing is running">
      {run ? (
        <p>
          Last {run.is_synthetic && 'synthetic '}run ended <Time at={run.ended_at} />:{' '}
          <Link href={hrefOf(run.id)}>{shortId(run.id)}</Link>
        </p>
      ) : (
        <p>Point an agent at this server and its runs appear here; the overview shows how.</p>
      )}
    </Empty>
  );
}
