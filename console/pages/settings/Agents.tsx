import { naming } from '@aos/core/activity/named.ts';
import { useState } from 'react';
import { Link } from 'wouter';
import { type Answer, type Item, useApi } from '../../api.ts';
import { BoundBy, BoundList } from '../../parts/BoundBy.tsx';
import { ContainDialog, type Containment, ReleaseDialog, useContained } from '../../parts/ContainDialog.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { useMay } from '../../parts/session.ts';
import { Money } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { exactText } from '../../ui/format.ts';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { ChangeAgent } from './ChangeAgent.tsx';
import { NewAgent } from './NewAgent.tsx';

type Agent = Item<'listAgents'>;

interface Week {
  calls: number;
  refused: number;
  cost_usd: string;
}

interface About {
  contained: ReadonlyMap<string, Containment>;
  week: ReadonlyMap<string | null, Week>;
  /** Runs of seven days; null: too many to count. Of the busiest agents; the others are asked for one by one. */
  runs: ReadonlyMap<string, Counted> | undefined;
}

/** Runs begun since an instant; null: too many to count. */
interface Counted {
  runs: number | null;
  from: string;
}

const week_ms = 7 * 86_400_000;
const hour_ms = 3_600_000;

/** What stands elsewhere about agents: who holds them, which keys are theirs, what they did in a week. */
function useAbout(): About {
  const contained = useContained();
  // To the hour, so that the question stays the same while the page is open.
  const from = new Date(Math.floor((Date.now() - week_ms) / hour_ms) * hour_ms).toISOString();
  const metrics = useApi('getMetrics', { query: { from, is_synthetic: 'all' } }, { staleTime: 60_000 });
  const week = new Map((metrics.data?.by_agent ?? []).map((of) => [of.agent_id, of as unknown as Week]));
  const used = useApi('listTargets', { query: { kind: 'agent', limit: 100 } }, { staleTime: 60_000 });
  return { contained, week, runs: used.data && runsOf(used.data) };
}

const runsOf = ({ items, from }: Answer<'listTargets'>): ReadonlyMap<string, Counted> =>
  new Map(items.map(({ value, runs }) => [value, { runs: runs === null ? null : Number(runs), from }]));

function AgentState({ stop }: { stop: Containment | undefined }) {
  return stop ? (
    <Status tone="crit" glyph="square" title={stop.reason}>
      Contained
    </Status>
  ) : (
    <Status tone="info" glyph="dot">
      May call
    </Status>
  );
}

/** Who may speak for it alone: the newest key and how many more, or all that are named. */
function BoundKeys({ of: { keys }, all = false }: { of: Agent; all?: boolean }) {
  if (keys.total === 0)
    return (
      <Status tone="warn" glyph="triangle" title="Any key that is not bound may call in its name">
        {all ? 'none: any unbound key may call as it' : 'none'}
      </Status>
    );
  const shown = keys.first.slice(0, all ? keys.first.length : 1);
  return (
    <span style={{ display: 'flex', flexWrap: all ? 'wrap' : 'nowrap', gap: 6 }}>
      {shown.map(({ id, name }) => (
        <Link key={id} className="cut" href={`/settings/api-keys?q=${id}&peek=${id}`}>
          {name}
        </Link>
      ))}
      {keys.total > shown.length && <span className="quiet">+{keys.total - shown.length}</span>}
    </span>
  );
}

/** The list is of the time and, by the project, of the synthetic runs that the number counts. */
function Runs({ of, counted }: { of: Agent; counted: Counted | undefined }) {
  if (counted === undefined || counted.runs === null) return <span className="faint">–</span>;
  const search = new URLSearchParams({ agent: naming(of.slug), project: of.project_id, from: counted.from });
  return <Link href={`/activity/completed?${search}`}>{exactText(counted.runs)}</Link>;
}

/** Of an agent that is not among the busiest; asked for when its row is in sight. */
function OwnRuns({ of }: { of: Agent }) {
  const { data } = useApi('listTargets', { query: { kind: 'agent', value: [of.slug] } }, { staleTime: 60_000 });
  return <Runs of={of} counted={data && (runsOf(data).get(of.slug) ?? { runs: 0, from: data.from })} />;
}

/** What they did in a week. */
const weekColumns = ({ week, runs }: Pick<About, 'week' | 'runs'>): Column<Agent>[] => [
  {
    id: 'runs',
    title: 'Runs, 7 d',
    width: '80px',
    align: 'end',
    cell: (row) =>
      runs === undefined || runs.has(row.slug) ? <Runs of={row} counted={runs?.get(row.slug)} /> : <OwnRuns of={row} />,
  },
  {
    id: 'calls',
    title: 'Calls, 7 d',
    width: '80px',
    align: 'end',
    cell: (row) => exactText(Number(week.get(row.id)?.calls ?? 0)),
  },
  {
    id: 'refused',
    title: 'Refused, 7 d',
    width: '88px',
    align: 'end',
    cell: (row) => exactText(Number(week.get(row.id)?.refused ?? 0)),
  },
  {
    id: 'cost',
    title: 'Cost, 7 d',
    width: '88px',
    align: 'end',
    cell: (row) => <Money usd={week.get(row.id)?.cost_usd ?? '0'} />,
  },
];

const columnsOf = ({ contained, week, runs }: About): Column<Agent>[] => [
  { id: 'state', title: 'State', width: '96px', cell: (row) => <AgentState stop={contained.get(row.id)} /> },
  {
    id: 'slug',
    title: 'Agent',
    width: 'minmax(112px, 1fr)',
    cell: (row) => <Link href={`/activity/completed?agent=${encodeURIComponent(naming(row.slug))}`}>{row.slug}</Link>,
  },
  {
    id: 'owner',
    title: 'Owner',
    width: '84px',
    cell: (row) => row.owner ?? <span className="faint">–</span>,
  },
  {
    id: 'keys',
    title: 'Bound keys',
    width: 'minmax(104px, 1fr)',
    cell: (row) => <BoundKeys of={row} />,
  },
  {
    id: 'policies',
    title: 'Bound by',
    width: 'minmax(104px, 1fr)',
    cell: (row) => <BoundBy of={row.policies} />,
  },
  {
    id: 'model',
    title: 'Default model',
    width: '128px',
    spare: true,
    cell: (row) => row.default_model ?? <span className="faint">of the project</span>,
  },
  ...weekColumns({ week, runs }),
  {
    id: 'seen',
    title: 'First seen',
    width: '104px',
    spare: true,
    align: 'end',
    cell: (row) => <Time at={row.created_at} />,
  },
];

const facets = [
  { name: 'project', label: 'Project', takes_one: true },
  { name: 'q', label: 'Text', takes_one: true },
];

/** The programs that call, and the switch that stops one of them. */
export function Agents() {
  const about = useAbout();
  const [making, setMaking] = useState(false);
  return (
    <SettingsPage
      title="Agents"
      full
      act={{ verb: 'New agent', denied: 'Your key may not register agents', onChoose: () => setMaking(true) }}
    >
      <ListView
        of="listAgents"
        label="Agents"
        facets={facets}
        columns={columnsOf(about)}
        least={900}
        keyOf={(row) => row.id}
        peek={(row) => <AgentPeek of={row} stop={about.contained.get(row.id)} />}
        peekTitle={(row) => row.slug}
        empty={
          <Empty title="No agent yet">
            An agent appears with its first call, where its project allows that; else register it here.
          </Empty>
        }
      />
      {making && <NewAgent onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}

interface PeekProps {
  of: Agent;
  stop: Containment | undefined;
}

function AgentPeek({ of, stop }: PeekProps) {
  const may = useMay('operate');
  const may_change = useMay('administer');
  const [asking, setAsking] = useState<'contain' | 'release' | 'change' | null>(null);
  const close = () => setAsking(null);
  return (
    <>
      {stop && (
        <Status tone="crit" glyph="square">
          Contained: {stop.reason}
        </Status>
      )}
      <div style={{ display: 'flex', gap: 8 }}>
        <Button small disabled={!may_change} onClick={() => setAsking('change')}>
          Change…
        </Button>
        <Button
          small
          kind={stop ? 'normal' : 'danger'}
          disabled={!may}
          onClick={() => setAsking(stop ? 'release' : 'contain')}
        >
          {stop ? 'Release…' : 'Contain…'}
        </Button>
      </div>
      {asking === 'change' && <ChangeAgent of={of} onClose={close} />}
      {asking === 'release' && stop && <ReleaseDialog stop={stop} onClose={close} />}
      {asking === 'contain' && <ContainDialog subject={{ kind: 'agent', id: of.id, name: of.slug }} onClose={close} />}
      <KeyValue
        of={[
          ['Agent', <Id key="id" id={of.id} />],
          ['Name', of.name],
          ['Owner', of.owner],
          ['Bound keys', <BoundKeys key="keys" of={of} all />],
          ['Models', of.models === null ? 'all' : of.models.join(', ')],
          ['Skills of its runs', of.skills === null ? 'what is safe for all' : of.skills.join(', ')],
          ['Default model', of.default_model],
          ['Registered', of.auto_registered ? 'by its first call' : 'by hand'],
          ['First seen', <Instant key="at" at={of.created_at} />],
        ]}
      />
      <h3>Policies that bind it</h3>
      <BoundList of={of.policies} />
      {of.policies.total === 0 && <p className="quiet">None: nothing limits what it calls.</p>}
      <p style={{ display: 'flex', gap: 16, flexWrap: 'wrap' }}>
        <Link href={`/activity/live?agent=${encodeURIComponent(naming(of.slug))}`}>Running now</Link>
        <Link href={`/incidents?agent=${encodeURIComponent(naming(of.slug))}`}>Open incidents</Link>
        <Link href={`/policies/new?template=daily-cap&agent=${encodeURIComponent(of.slug)}&step=limit`}>
          Cap it per day
        </Link>
      </p>
    </>
  );
}
