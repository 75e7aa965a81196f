import { ActivityTabs } from '../../parts/ActivityTabs.tsx';
import { IdLink } from '../../parts/Chips.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { RunPeek } from '../../parts/RunPeek.tsx';
import { type RunRow, run_columns, run_facets } from '../../parts/run-columns.tsx';
import { hrefOf } from '../../paths.ts';
import { shortId } from '../../ui/format.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';
import { RunHistogram } from './RunHistogram.tsx';

const incident: Column<RunRow> = {
  id: 'incident',
  title: 'Incident',
  width: '112px',
  cell: (run) => (run.incident_ids[0] ? <IdLink id={run.incident_ids[0]} /> : <span className="faint">none</span>),
};
const ended: Column<RunRow> = {
  id: 'ended',
  title: 'Ended',
  width: '96px',
  align: 'end',
  cell: (run) => <Time at={run.ended_at} />,
};

const { outcome, name, agent, actor, calls, refused, tokens, cost, elapsed } = run_columns;
const duration = { ...elapsed, title: 'Duration' };
const columns = [outcome, name, agent, actor, calls, refused, duration, tokens, cost, incident, ended];
const reasons = [
  'POLICY_BLOCK',
  'BUDGET_EXCEEDED',
  'RATE_LIMITED',
  'TIMEOUT',
  'SYSTEM_FAILURE',
  'USER_ABORT',
  'COMPLETED',
];
const facets = [
  { name: 'status', label: 'Outcome', choices: ['succeeded', 'failed', 'failed_policy', 'cancelled'] },
  { name: 'reason', label: 'Because', choices: reasons },
  { name: 'risk', label: 'Severity', choices: ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] },
  ...run_facets,
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];
const keyOf = (run: RunRow) => run.id;
const openHref = (run: RunRow) => hrefOf(run.id);

/** What has ended, how, and why. */
export function Completed() {
  return (
    <Page title="Completed runs" heading="Activity" full>
      <ActivityTabs />
      <ListView
        of="listCompletedRuns"
        label="Completed runs"
        noun="runs"
        facets={facets}
        columns={columns}
        least={880}
        keyOf={keyOf}
        openHref={openHref}
        above={(values, set) => <RunHistogram values={values} onChange={set} />}
        peek={(run) => <RunPeek run={run} />}
        peekTitle={(run) => <code>{shortId(run.id)}</code>}
        empty={<Empty title="No run has ended yet">Runs without a call for a while end by themselves.</Empty>}
      />
    </Page>
  );
}
