import { useState } from 'react';
import { useApi } from '../../api.ts';
import { type Containment, useContained } from '../../parts/ContainDialog.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { plainWords } from '../../parts/words.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time, useNow } from '../../ui/Time.tsx';
import { KeyPeek } from './KeyPeek.tsx';
import { type Key, type KeyNames, warningsOf } from './key-facts.ts';
import { NewKey } from './NewKey.tsx';

/** Names for the ids that keys are bound to. */
function useKeyNames(): KeyNames {
  const agents = useApi('listAgents', { query: { limit: 200 } });
  const actors = useApi('listActors', { query: { limit: 200 } });
  const projects = useApi('listProjects', { query: { limit: 200 } });
  const nameIn = (items: readonly { id: string; slug: string }[] | undefined, id: string) =>
    items?.find((one) => one.id === id)?.slug ?? id;
  return {
    agent: (id) => nameIn(agents.data?.items, id),
    actor: (id) => nameIn(actors.data?.items, id),
    project: (id) => (id === null ? 'whole tenant' : nameIn(projects.data?.items, id)),
  };
}

/** What a key is now; the worst first. */
function KeyState({ of, stop }: { of: Key; stop: Containment | undefined }) {
  const now = useNow();
  if (of.revoked_at) return <Status glyph="circle">Revoked</Status>;
  if (of.expires_at && Date.parse(of.expires_at) <= now) return <Status glyph="circle">Expired</Status>;
  if (stop)
    return (
      <Status tone="crit" glyph="square">
        Contained
      </Status>
    );
  return (
    <Status tone="info" glyph="dot">
      In use
    </Status>
  );
}

const columnsOf = (names: KeyNames, contained: ReadonlyMap<string, Containment>, now_ms: number): Column<Key>[] => [
  {
    id: 'state',
    title: 'State',
    width: '96px',
    cell: (row) => <KeyState of={row} stop={contained.get(row.lineage_id)} />,
  },
  { id: 'name', title: 'Name', width: 'minmax(120px, 1fr)', cell: (row) => row.name },
  { id: 'hint', title: 'Key', width: '132px', cell: (row) => <code>{row.hint}</code> },
  { id: 'role', title: 'Role', width: '96px', cell: (row) => plainWords(row.role) },
  { id: 'project', title: 'Project', width: '104px', cell: (row) => names.project(row.project_id) },
  {
    id: 'bound',
    title: 'May call as',
    width: 'minmax(140px, 1.2fr)',
    cell: (row) => {
      const bound = [...row.agent_ids.map(names.agent), ...row.actor_ids.map(names.actor)];
      const [warning] = warningsOf(row, now_ms);
      if (bound.length > 0) return bound.join(', ');
      if (!warning) return <span className="faint">anybody</span>;
      return (
        <Status tone="warn" glyph="triangle" title={warning}>
          any agent: not bound
        </Status>
      );
    },
  },
  {
    id: 'used',
    title: 'Last used',
    width: '96px',
    align: 'end',
    cell: (row) => (row.last_used_at ? <Time at={row.last_used_at} /> : <span className="faint">never</span>),
  },
  {
    id: 'expires',
    title: 'Expires',
    width: '96px',
    align: 'end',
    cell: (row) => (row.expires_at ? <Time at={row.expires_at} /> : <span className="faint">never</span>),
  },
];

const facets = [{ name: 'project', label: 'Project' }];

/** Who may call, in whose name, and whether anybody still does. */
export function ApiKeys() {
  const names = useKeyNames();
  const contained = useContained();
  const now_ms = useNow();
  const [making, setMaking] = useState(false);
  return (
    <SettingsPage
      title="API keys"
      full
      act={{ verb: 'New key', denied: 'Your key may not make keys', onChoose: () => setMaking(true) }}
    >
      <ListView
        of="listApiKeys"
        label="API keys"
        facets={facets}
        columns={columnsOf(names, contained, now_ms)}
        least={940}
        keyOf={(row) => row.id}
        peek={(row) => <KeyPeek of={row} names={names} stop={contained.get(row.lineage_id)} />}
        peekTitle={(row) => row.name}
        empty={<Empty title="No key">A key lets a program call, and says who it is.</Empty>}
      />
      {making && <NewKey onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}
