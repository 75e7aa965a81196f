import { naming } from '@aos/core/activity/named.ts';
import { useState } from 'react';
import { Link } from 'wouter';
import { type Item, useApi } from '../../api.ts';
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

type Agent = Item<'listAgents'>;

interface Week {
  calls: number;
  refused: number;
  cost_usd: string;
}

interface About {
  contained: ReadonlyMap<string, Containment>;
  keys: ReadonlyMap<string, readonly string[]>;
  week: ReadonlyMap<string | null, Week>;
}

const week_ms = 7 * 86_400_000;
const hour_ms = 3_600_000;

/** What stands elsewhere about agents: who holds them, which keys are theirs, what they did in a week. */
function useAbout(): About {
  const contained = useContained();
  const list = useApi('listApiKeys', { query: { limit: 200 } });
  // To the hour, so that the question stays the same while the page is open.
  const from = new Date(Math.floor((Date.now() - week_ms) / hour_ms) * hour_ms).toISOString();
  const metrics = useApi('getMetrics', { query: { from, is_synthetic: 'all' } }, { staleTime: 60_000 });
  const keys = new Map<string, string[]>();
  for (const key of list.data?.items ?? [])
    if (key.revoked_at === null) for (const id of key.agent_ids) keys.set(id, [...(keys.get(id) ?? []), key.name]);
  const week = new Map((metrics.data?.by_agent ?? []).map((of) => [of.agent_id, of as unknown as Week]));
  return { contained, keys, week };
}

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

const columnsOf = ({ contained, keys, week }: About): Column<Agent>[] => [
  { id: 'state', title: 'State', width: '96px', cell: (row) => <AgentState stop={contained.get(row.id)} /> },
  {
    id: 'slug',
    title: 'Agent',
    width: 'minmax(140px, 1fr)',
    cell: (row) => <Link href={`/activity/completed?agent=${encodeURIComponent(naming(row.slug))}`}>{row.slug}</Link>,
  },
  {
    id: 'keys',
    title: 'Bound keys',
    width: 'minmax(140px, 1fr)',
    cell: (row) =>
      keys.get(row.id)?.join(', ') ?? (
        <Status tone="warn" glyph="triangle" title="Any key that is not bound may call in its name">
          none
        </Status>
      ),
  },
  {
    id: 'model',
    title: 'Default model',
    width: '128px',
    cell: (row) => row.default_model ?? <span className="faint">of the project</span>,
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
  {
    id: 'seen',
    title: 'First seen',
    width: '104px',
    align: 'end',
    cell: (row) => <Time at={row.created_at} />,
  },
];

const facets = [{ name: 'project', label: 'Project', takes_one: true }];

/** The programs that call, and the switch that stops one of them. */
export function Agents() {
  const about = useAbout();
  return (
    <SettingsPage title="Agents" full>
      <ListView
        of="listAgents"
        label="Agents"
        facets={facets}
        columns={columnsOf(about)}
        least={900}
        keyOf={(row) => row.id}
        peek={(row) => <AgentPeek of={row} stop={about.contained.get(row.id)} keys={about.keys.get(row.id)} />}
        peekTitle={(row) => row.slug}
        empty={<Empty title="No agent yet">An agent appears with its first call.</Empty>}
      />
    </SettingsPage>
  );
}

interface PeekProps {
  of: Agent;
  stop: Containment | undefined;
  keys: readonly string[] | undefined;
}

function AgentPeek({ of, stop, keys }: PeekProps) {
  const may = useMay('operate');
  const [asking, setAsking] = useState<'contain' | 'release' | null>(null);
  const close = () => setAsking(null);
  return (
    <>
      {stop && (
        <Status tone="crit" glyph="square">
          Contained: {stop.reason}
        </Status>
      )}
      <div>
        <Button
          small
          kind={stop ? 'normal' : 'danger'}
          disabled={!may}
          onClick={() => setAsking(stop ? 'release' : 'contain')}
        >
          {stop ? 'Release…' : 'Contain…'}
        </Button>
      </div>
      {asking === 'release' && stop && <ReleaseDialog stop={stop} onClose={close} />}
      {asking === 'contain' && <ContainDialog subject={{ kind: 'agent', id: of.id, name: of.slug }} onClose={close} />}
      <KeyValue
        of={[
          ['Agent', <Id key="id" id={of.id} />],
          ['Name', of.name],
          ['Bound keys', keys?.join(', ') ?? 'none: any key that is not bound may call in its name'],
          ['Models', of.models === null ? 'all' : of.models.join(', ')],
          ['Skills of its runs', of.skills === null ? 'what is safe for all' : of.skills.join(', ')],
          ['Default model', of.default_model],
          ['Registered', of.auto_registered ? 'by its first call' : 'by hand'],
          ['First seen', <Instant key="at" at={of.created_at} />],
        ]}
      />
      <p style={{ display: 'flex', gap: 16 }}>
        <Link href={`/activity/live?agent=${encodeURIComponent(naming(of.slug))}`}>Running now</Link>
        <Link href={`/incidents?agent=${encodeURIComponent(naming(of.slug))}`}>Open incidents</Link>
        <Link href={`/policies/new?template=daily-cap&agent=${encodeURIComponent(of.slug)}`}>Cap it per day</Link>
      </p>
    </>
  );
}
