import { Link } from 'wouter';
import { ListView } from '../../parts/ListView.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { RunPeek } from '../../parts/RunPeek.tsx';
import { type RunRow, run_columns, run_facets, run_query } from '../../parts/run-columns.tsx';
import { UnknownPrice } from '../../parts/UnknownPrice.tsx';
import { hrefOf } from '../../paths.ts';
import { idEnd, shortId } from '../../ui/format.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';
import { FoldedEnded } from './FoldedEnded.tsx';
import { RunHistogram } from './RunHistogram.tsx';

const incident: Column<RunRow> = {
  id: 'incident',
  title: 'Incident',
  width: '62px',
  cell: ({ incident_ids: [first, ...others] }) =>
    first === undefined ? (
      <span className="faint">none</span>
    ) : (
      <Link href={hrefOf(first)} title={[first, ...others].join(', ')}>
        <code>{idEnd(first)}</code>
        {others.length > 0 && ` +${others.length}`}
      </Link>
    ),
};
const ended: Column<RunRow> = {
  id: 'ended',
  title: 'Ended',
  width: '84px',
  align: 'end',
  cell: (run) => <Time at={run.ended_at} />,
};

const { outcome, name, agent, actor, models, steps, calls, refused, tokens, cost, decisions, elapsed } = run_columns;
const duration = { ...elapsed, title: 'Duration' };
const columns = [
  ...[outcome, name, agent, actor, models, steps, calls, refused],
  ...[duration, tokens, cost, decisions, incident, ended],
];
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
  { name: 'policy', label: 'Policy' },
  { name: 'risk', label: 'Severity', choices: ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] },
  ...run_facets,
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];
const folded = {
  ...{ below: 640, height: 100 },
  cell: (run: RunRow) => <FoldedEnded run={run}>{incident.cell(run)}</FoldedEnded>,
};
const keyOf = (run: RunRow) => run.id;
const openHref = (run: RunRow) => hrefOf(run.id);

/** What has ended, how, and why. */
export function Completed() {
  return (
    <Page title="Completed runs" heading="Activity" full>
      <RoomTabs of="Activity" />
      <ListView
        of="listCompletedRuns"
        label="Completed runs"
        noun="runs"
        facets={facets}
        example={run_query}
        counted={{ of: 'getRunFacets', query: { part: 'completed' } }}
        columns={columns}
        least={880}
        folded={folded}
        keyOf={keyOf}
        openHref={openHref}
        above={(values, set) => (
          <>
            <UnknownPrice of="listCompletedRuns" values={values} onChange={set} />
            <RunHistogram values={values} onChange={set} />
          </>
        )}
        peek={(run) => <RunPeek run={run} />}
        peekTitle={(run) => <code>{shortId(run.id)}</code>}
        empty={<Empty title="No run has ended yet">Runs without a call for a while end by themselves.</Empty>}
      />
    </Page>
  );
}
