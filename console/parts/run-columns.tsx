import { Link } from 'wouter';
import type { Item } from '../api.ts';
import { hrefOf } from '../paths.ts';
import { Count, Money } from '../ui/Amount.tsx';
import type { Facet } from '../ui/Filters.tsx';
import { durationText, shortId } from '../ui/format.ts';
import type { Column } from '../ui/Table.tsx';
import { useNowText } from '../ui/Time.tsx';
import { Outcome, runState, State } from './words.tsx';

export type RunRow = Item<'listRuns'>;

/** From this width on there is room for what the panel beside the list tells too. */
const wide = 1080;

const state: Column<RunRow> = {
  id: 'state',
  title: 'State',
  width: '84px',
  cell: (run) => <State of="run" state={runState(run)} bare />,
};

const outcome: Column<RunRow> = {
  id: 'outcome',
  title: 'Outcome',
  width: '142px',
  cell: (run) => <Outcome run={run} />,
};

const name: Column<RunRow> = {
  id: 'run',
  title: 'Run',
  width: 'minmax(160px, 2fr)',
  cell: (run) => (
    <>
      <Link href={hrefOf(run.id)} title={run.id}>
        <code>{shortId(run.id)}</code>
      </Link>{' '}
      {run.goal && <span className="quiet">{run.goal.split('\n')[0]}</span>}
    </>
  ),
};

const agent: Column<RunRow> = {
  id: 'agent',
  title: 'Agent',
  width: 'minmax(102px, 1fr)',
  cell: (run) => run.agent_slug ?? <span className="faint">none</span>,
};

const actor: Column<RunRow> = {
  id: 'actor',
  title: 'Actor',
  width: 'minmax(84px, 1fr)',
  from: wide,
  cell: (run) =>
    run.actor_slug === null ? (
      <span className="faint">none</span>
    ) : (
      <>
        {run.actor_slug} {run.identity === 'claimed' && <span className="faint">claimed</span>}
      </>
    ),
};

const calls: Column<RunRow> = {
  id: 'calls',
  title: 'Calls',
  width: '44px',
  align: 'end',
  cell: (run) => <Count value={run.calls} />,
};

const refused: Column<RunRow> = {
  id: 'refused',
  title: 'Refused',
  width: '52px',
  from: wide,
  align: 'end',
  cell: (run) =>
    run.refused_calls === 0 ? (
      <span className="faint">0</span>
    ) : (
      <span style={{ color: 'var(--crit)' }}>{run.refused_calls}</span>
    ),
};

const tokens: Column<RunRow> = {
  id: 'tokens',
  title: 'Tokens in / out',
  width: '92px',
  from: wide,
  align: 'end',
  cell: (run) => (
    <>
      <Count value={run.input_tokens} of="tokens" /> / <Count value={run.output_tokens} of="tokens" />
    </>
  ),
};

const cost: Column<RunRow> = {
  id: 'cost',
  title: 'Cost',
  width: '76px',
  align: 'end',
  cell: (run) => <Money usd={run.estimated_cost_usd} />,
};

function Elapsed({ run }: { run: RunRow }) {
  const begun = Date.parse(run.started_at ?? run.created_at);
  const text = useNowText((now) => durationText((run.ended_at === null ? now : Date.parse(run.ended_at)) - begun));
  return <>{text}</>;
}

const elapsed: Column<RunRow> = {
  id: 'elapsed',
  title: 'Elapsed',
  width: '72px',
  align: 'end',
  cell: (run) => <Elapsed run={run} />,
};

export const run_columns = { state, outcome, name, agent, actor, calls, refused, tokens, cost, elapsed };

/** What lists of runs can be narrowed to by text. */
export const run_facets: readonly Facet[] = [
  { name: 'agent', label: 'Agent' },
  { name: 'actor', label: 'Actor' },
  { name: 'api_key', label: 'Key' },
  { name: 'session', label: 'Session' },
  { name: 'project', label: 'Project' },
  { name: 'model', label: 'Model' },
  { name: 'provider', label: 'Provider' },
  { name: 'source', label: 'Source', choices: ['gateway', 'managed', 'external', 'reported'] },
  { name: 'is_synthetic', label: 'Synthetic', choices: ['all'] },
];
