import { Link } from 'wouter';
import { useApi } from '../../api.ts';
import { ActivityTabs } from '../../parts/ActivityTabs.tsx';
import { BulkRuns } from '../../parts/BulkRuns.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { useRunActions } from '../../parts/RunActions.tsx';
import { RunPeek } from '../../parts/RunPeek.tsx';
import { type RunRow, run_columns, run_facets } from '../../parts/run-columns.tsx';
import { hrefOf } from '../../paths.ts';
import { shortId } from '../../ui/format.ts';
import { useKeyWords } from '../../ui/key-words.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';
import { useLingering } from './lingering.ts';
import { current_step, last_decision, tightest } from './live-columns.tsx';

/** Where the actions would stand over them, they wait for a wider window. */
const with_tokens = 1_300;
const { state, name, agent, actor, tokens, cost, elapsed } = run_columns;
const columns = [
  state,
  { ...name, width: 'minmax(132px, 2fr)' },
  agent,
  actor,
  current_step,
  elapsed,
  cost,
  tightest,
  last_decision,
  { ...tokens, from: with_tokens },
];
const facets = [{ name: 'status', label: 'State', choices: ['queued', 'running', 'retry'] }, ...run_facets];
const keyOf = (run: RunRow) => run.id;
const openHref = (run: RunRow) => hrefOf(run.id);

/** What is running, what it costs, and how to stop it. */
export function Live() {
  const actions = useRunActions();
  useKeyWords({ p: 'Pause or resume the run', '⇧K': 'Kill the run' });
  return (
    <Page title="Live runs" heading="Activity" full>
      <ActivityTabs />
      <ListView
        of="listLiveRuns"
        label="Live runs"
        noun="runs"
        facets={facets}
        columns={[...columns, actions.column]}
        least={880}
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
