import { Link } from 'wouter';
import type { Item } from '../api.ts';
import { hrefOf } from '../paths.ts';
import { Count, KnownMoney } from '../ui/Amount.tsx';
import { Status } from '../ui/Chip.tsx';
import type { Facet } from '../ui/Filters.tsx';
import { countText, durationText, exactText, idEnd, instantText } from '../ui/format.ts';
import type { Column } from '../ui/Table.tsx';
import { Time, useNowText } from '../ui/Time.tsx';
import { lookOf, Outcome, runState, State } from './words.tsx';

export type RunRow = Item<'listRuns'>;

/** From this width on there is room for what the panel beside the list tells too. */
const wide = 1080;
/** And from this one on, that of a window of 1,440 pixels, for what its own page tells first. */
const wider = 1180;

/** The first name and how many more there are. */
function Listed({ names }: { names: readonly string[] }) {
  const [first, ...others] = names;
  if (first === undefined) return <span className="faint">none</span>;
  return (
    <span title={names.join(', ')}>
      {first} {others.length > 0 && <span className="quiet">+{others.length}</span>}
    </span>
  );
}

const state: Column<RunRow> = {
  id: 'state',
  title: 'State',
  width: '80px',
  cell: (run) => <State of="run" state={runState(run)} bare />,
};

const outcome: Column<RunRow> = {
  id: 'outcome',
  title: 'Outcome',
  width: '136px',
  cell: (run) => <Outcome run={run} />,
};

const name: Column<RunRow> = {
  id: 'run',
  title: 'Run',
  width: 'minmax(150px, 2.4fr)',
  cell: (run) => (
    <>
      <Link href={hrefOf(run.id)} title={run.id}>
        <code>{idEnd(run.id)}</code>
      </Link>{' '}
      {run.goal && (
        <span className="quiet" title={run.goal}>
          {run.goal.split('\n')[0]}
        </span>
      )}
    </>
  ),
};

const agent: Column<RunRow> = {
  id: 'agent',
  title: 'Agent',
  width: 'minmax(100px, 1fr)',
  cell: (run) => run.agent_slug ?? <span className="faint">none</span>,
};

const actor: Column<RunRow> = {
  id: 'actor',
  title: 'Actor',
  width: 'minmax(80px, 1fr)',
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
  spare: true,
  align: 'end',
  cell: (run) => <Count value={run.calls} />,
};

const refused: Column<RunRow> = {
  id: 'refused',
  title: 'Refused',
  width: '52px',
  spare: true,
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
  title: 'Tokens in/out',
  width: '84px',
  from: wide,
  align: 'end',
  cell: (run) => (
    <>
      <Count value={run.input_tokens} of="tokens" /> / <Count value={run.output_tokens} of="tokens" />
    </>
  ),
};

const models: Column<RunRow> = {
  id: 'models',
  title: 'Models',
  width: 'minmax(84px, 1fr)',
  from: wider,
  cell: (run) => <Listed names={run.models} />,
};

const steps: Column<RunRow> = {
  id: 'steps',
  title: 'Steps',
  width: '36px',
  align: 'end',
  from: wide,
  cell: (run) => <Count value={run.steps} />,
};

const verdicts = ['warn', 'pause', 'block', 'kill'] as const;

const decisions: Column<RunRow> = {
  id: 'decisions',
  title: 'Decisions',
  width: '60px',
  cell: ({ decided }) => {
    const made = verdicts.filter((verdict) => decided[verdict] > 0);
    if (made.length === 0) return <span className="faint">none</span>;
    return (
      <span style={{ display: 'inline-flex', gap: 8 }}>
        {made.map((verdict) => {
          const { tone, glyph, word } = lookOf('verdict', verdict);
          const said = `${word}: ${exactText(decided[verdict])}`;
          return (
            <span key={verdict} role="img" aria-label={said} title={said}>
              <Status tone={tone} glyph={glyph}>
                {countText(decided[verdict])}
              </Status>
            </span>
          );
        })}
      </span>
    );
  },
};

const started: Column<RunRow> = {
  id: 'started',
  title: 'Started',
  width: '88px',
  align: 'end',
  from: wider,
  cell: (run) => <Time at={run.started_at ?? run.created_at} />,
};

const cost: Column<RunRow> = {
  id: 'cost',
  title: 'Cost',
  width: '68px',
  align: 'end',
  cell: (run) => <KnownMoney usd={run.estimated_cost_usd} unpriced={run.unpriced_calls} />,
};

function Elapsed({ run }: { run: RunRow }) {
  const begun = Date.parse(run.started_at ?? run.created_at);
  const text = useNowText((now) => durationText((run.ended_at === null ? now : Date.parse(run.ended_at)) - begun));
  return <span title={`since ${instantText(begun)}`}>{text}</span>;
}

const elapsed: Column<RunRow> = {
  id: 'elapsed',
  title: 'Elapsed',
  width: '64px',
  align: 'end',
  cell: (run) => <Elapsed run={run} />,
};

export const run_columns = {
  ...{ state, outcome, name, agent, actor, models, steps, calls, refused },
  ...{ tokens, cost, decisions, elapsed, started },
};

/** A query of a list of runs. */
export const run_query = 'agent:support-bot status:failed_policy cost:>0.5 "timeout"';

/** What lists of runs and of calls can be narrowed to. */
export const asker_facets: readonly Facet[] = [
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

/** What only runs can be narrowed to as well. */
export const run_facets: readonly Facet[] = [
  { name: 'q', label: 'Text', takes_one: true },
  { name: 'cost', label: 'Cost' },
  { name: 'elapsed', label: 'Elapsed' },
  ...asker_facets,
];
