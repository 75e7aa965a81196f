import { useState } from 'react';
import { Link } from 'wouter';
import { type Item, useApi } from '../../api.ts';
import { control_types } from '../../parts/control-types.ts';
import { ResolveDialog, SnoozeDialog } from '../../parts/IncidentDialogs.tsx';
import { amongOf, type Group, groupKey, groupName, useIncidentActs, type Which } from '../../parts/incident-acts.ts';
import { incident_categories, severity_names } from '../../parts/incident-categories.ts';
import { ListView } from '../../parts/ListView.tsx';
import { useMay } from '../../parts/session.ts';
import { plainWords, State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { durationText, instantText } from '../../ui/format.ts';
import { Page } from '../../ui/Page.tsx';
import { Spark } from '../../ui/Spark.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Tabs } from '../../ui/Tabs.tsx';
import { Time, useNowText } from '../../ui/Time.tsx';
import { useUrlFilters, useUrlWord } from '../../url-state.ts';
import { GroupPeek } from './GroupPeek.tsx';

/** What waits for a wider window: who looks after it, and how old it is, comes before. */
const with_category = 1_080;
const with_first = 1_184;
const with_first_and_until = 1_288;
const with_day_and_until = 1_000;

const columns: readonly Column<Group>[] = [
  {
    id: 'severity',
    title: 'Severity',
    width: '84px',
    cell: (row) => <State of="severity" state={row.severity} bare />,
  },
  {
    id: 'title',
    title: 'What happened',
    width: 'minmax(200px, 3fr)',
    cell: (row) => (
      <Link
        href={hrefOf(row.latest_incident_id)}
        title={`Grouped by ${row.grouped_by.join(', ')}: ${row.latest_title}`}
      >
        <Said text={row.latest_title} />
      </Link>
    ),
  },
  {
    id: 'category',
    title: 'Category',
    width: '124px',
    from: with_category,
    cell: (row) => row.key.category && plainWords(row.key.category),
  },
  { id: 'agent', title: 'Agent', width: '112px', cell: (row) => row.agent_slug ?? <span className="faint">none</span> },
  { id: 'count', title: 'Incidents', width: '64px', align: 'end', cell: (row) => row.incidents },
  {
    id: 'day',
    title: 'Last 24 h',
    width: '72px',
    cell: (row) => (
      <Spark
        values={row.last_day}
        label={`${row.last_day.reduce((all, n) => all + n, 0)} opened in the last 24 hours`}
      />
    ),
  },
  {
    id: 'first',
    title: 'First',
    width: '100px',
    align: 'end',
    from: with_first,
    cell: (row) => <Time at={row.first_opened_at} />,
  },
  { id: 'last', title: 'Last', width: '100px', align: 'end', cell: (row) => <Time at={row.last_occurred_at} /> },
];

const owner: Column<Group> = {
  id: 'owner',
  title: 'Owner',
  width: '84px',
  cell: (row) => row.owner ?? <span className="faint">nobody</span>,
};

/** How long it has been waiting for somebody. */
const age: Column<Group> = {
  id: 'age',
  title: 'Age',
  width: '68px',
  align: 'end',
  cell: (row) => <Age since={row.first_opened_at} />,
};

function Age({ since }: { since: string }) {
  const since_ms = Date.parse(since);
  const text = useNowText((now) => durationText(now - since_ms));
  return <span title={`since ${instantText(since_ms)}`}>{text}</span>;
}

const until: Column<Group> = {
  id: 'until',
  title: 'Open again',
  width: '92px',
  align: 'end',
  cell: (row) => <Time at={row.acknowledged_until} />,
};

const from = (id: string, px: number) => (column: Column<Group>) =>
  column.id === id ? { ...column, from: px } : column;

/** What is resolved does not grow older. */
const columns_of: Readonly<Record<string, readonly Column<Group>[]>> = {
  open: [...columns, age, owner],
  acknowledged: [
    ...columns.map(from('first', with_first_and_until)).map(from('day', with_day_and_until)),
    age,
    owner,
    until,
  ],
  resolved: [...columns, owner],
};

/** A group in three lines, where a window is narrow. */
const folded = {
  below: 640,
  height: 76,
  cell: (row: Item<'listIncidents'>) => {
    const { severity, incidents, latest_incident_id, latest_title, key, agent_slug, ...of } = row as Group;
    return (
      <div style={{ display: 'grid', gap: 2 }}>
        <span style={{ display: 'flex', gap: 10 }}>
          <State of="severity" state={severity} bare />
          <span className="quiet">{incidents === 1 ? 'once' : `${incidents} times`}</span>
          <span className="quiet">
            <Age since={of.first_opened_at} /> old
          </span>
          <span style={{ flex: 1 }} />
          <Time at={of.last_occurred_at} />
        </span>
        <Link className="cut" href={hrefOf(latest_incident_id)}>
          <Said text={latest_title} />
        </Link>
        <span className="quiet cut">
          {[of.owner ?? 'no owner', key.category && plainWords(key.category), agent_slug ?? 'no agent']
            .filter(Boolean)
            .join(' · ')}
        </span>
      </div>
    );
  },
};

const facets = [
  { name: 'severity', label: 'Severity', choices: severity_names },
  { name: 'category', label: 'Category', choices: incident_categories },
  { name: 'agent', label: 'Agent' },
  { name: 'policy', label: 'Policy' },
  { name: 'owner', label: 'Owner' },
  { name: 'detector', label: 'Detector', choices: control_types },
  { name: 'project', label: 'Project' },
  { name: 'is_synthetic', label: 'Synthetic', choices: ['all'] },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];
const kept = facets.map(({ name }) => name);
const states = ['open', 'acknowledged', 'resolved'] as const;

/** What went wrong, grouped by what is alike in it; a row is acknowledged and resolved with all it stands for. */
export function Incidents() {
  const [state] = useUrlWord('state', 'open');
  const may = useMay('operate');
  const { act } = useIncidentActs();
  const [filters] = useUrlFilters(kept);
  const among = amongOf(state, filters);
  const whichOf = (row: Group): Which => ({ like: row.latest_incident_id, among });
  const [resolving, setResolving] = useState<Group | null>(null);
  const [snoozing, setSnoozing] = useState<Group | null>(null);
  const onKey = (key: string, row: Group): boolean => {
    if (!may || (key !== 'e' && key !== 'r')) return false;
    if (key === 'e' && row.open > 0)
      act(whichOf(row), { kind: 'acknowledge', hours: 4 }, 'Acknowledged for 4 h', {
        name: groupName(row),
        undo: true,
      });
    if (key === 'r' && row.open + row.acknowledged > 0) setResolving(row);
    return true;
  };
  return (
    <Page title="Incidents" full>
      <IncidentTabs state={state} may={may} />
      <ListView
        of="listIncidents"
        label={`${plainWords(state)} incidents`}
        noun={`${state} incidents`}
        query={{ status: state, group: ['policy', 'agent', 'category'] }}
        facets={facets}
        counted={{ of: 'getIncidentFacets', query: { status: state } }}
        columns={columns_of[state] as unknown as Column<Item<'listIncidents'>>[]}
        least={900}
        folded={folded}
        keyOf={(row) => groupKey(row as Group)}
        openHref={(row) => hrefOf((row as Group).latest_incident_id)}
        peek={(row) => (
          <GroupPeek
            group={row as Group}
            among={among}
            onResolve={() => setResolving(row as Group)}
            onSnooze={() => setSnoozing(row as Group)}
          />
        )}
        peekTitle={(row) => (row as Group).policy_name ?? 'No policy'}
        onKey={(key, row) => onKey(key, row as Group)}
        {...(may &&
          state === 'open' && {
            bulk: (rows: readonly unknown[], clear: () => void) => (
              <AcknowledgeAll groups={rows as Group[]} whichOf={whichOf} onDone={clear} />
            ),
          })}
        empty={<Nothing state={state} />}
      />
      {resolving && (
        <ResolveDialog
          which={whichOf(resolving)}
          name={groupName(resolving)}
          about={alikeWords(resolving, resolving.open + resolving.acknowledged)}
          onClose={() => setResolving(null)}
        />
      )}
      {snoozing && (
        <SnoozeDialog
          which={whichOf(snoozing)}
          name={groupName(snoozing)}
          about={alikeWords(snoozing, snoozing.open)}
          onClose={() => setSnoozing(null)}
        />
      )}
    </Page>
  );
}

const alikeWords = ({ grouped_by, latest_title }: Group, count: number): string =>
  `${count} alike in ${grouped_by.join(', ')}: ${latest_title}`;

interface AllProps {
  groups: readonly Group[];
  whichOf: (group: Group) => Which;
  onDone: () => void;
}

/** Says of several groups that they are looked after. */
function AcknowledgeAll({ groups, whichOf, onDone }: AllProps) {
  const { actOnEach, busy } = useIncidentActs();
  const open = groups.filter((group) => group.open > 0);
  const acknowledge = async () => {
    await actOnEach(open.map(whichOf), { kind: 'acknowledge', hours: 4 }, 'Acknowledged for 4 h');
    onDone();
  };
  return (
    <Button small disabled={busy || open.length === 0} onClick={() => void acknowledge()}>
      Acknowledge {open.length} {open.length === 1 ? 'group' : 'groups'}
    </Button>
  );
}

/** Filters stay when the tab changes, and the counts are of what they let through. */
function IncidentTabs({ state, may }: { state: string; may: boolean }) {
  const [filters] = useUrlFilters(kept);
  const open = useApi('listIncidents', { query: { ...filters, status: 'open', limit: 1 } });
  const acknowledged = useApi('listIncidents', { query: { ...filters, status: 'acknowledged', limit: 1 } });
  const counts: Record<string, number | undefined> = {
    open: open.data?.total ?? undefined,
    acknowledged: acknowledged.data?.total ?? undefined,
  };
  const hrefTo = (name: string) => {
    const search = new URLSearchParams(Object.entries(filters).flatMap(([key, all]) => all.map((one) => [key, one])));
    if (name !== 'open') search.set('state', name);
    return search.size > 0 ? `/incidents?${search}` : '/incidents';
  };
  return (
    <Tabs
      label="Incidents"
      of={states.map((name) => ({
        name: plainWords(name),
        href: hrefTo(name),
        count: counts[name],
        counted: 'incidents',
        current: state === name,
      }))}
    >
      <span className="faint">
        {may ? (
          <>
            <kbd>e</kbd> acknowledge <kbd>r</kbd> resolve <kbd>x</kbd> choose <kbd>Space</kbd> look
          </>
        ) : (
          'Your key may read incidents, not change them'
        )}
      </span>
    </Tabs>
  );
}

function Nothing({ state }: { state: string }) {
  if (state === 'acknowledged')
    return <Empty title="Nothing acknowledged">Press e on an open incident to say that you look after it.</Empty>;
  if (state === 'resolved')
    return <Empty title="Nothing resolved yet">Resolved incidents stay here with their cause and reason.</Empty>;
  return (
    <Empty title="Nothing open">
      <p>
        A violation of a policy that is enforced opens an incident.{' '}
        <Link href="/incidents?state=resolved">Resolved</Link>
      </p>
    </Empty>
  );
}
