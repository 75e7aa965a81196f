import { useState } from 'react';
import { useApi } from '../../api.ts';
import { BoundBy } from '../../parts/BoundBy.tsx';
import { type Containment, useContained } from '../../parts/ContainDialog.tsx';
import { useKeyNames } from '../../parts/key-names.ts';
import { ListView } from '../../parts/ListView.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { plainWords } from '../../parts/words.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time, useNow } from '../../ui/Time.tsx';
import { KeyMaker } from './KeyMaker.tsx';
import { KeyPeek } from './KeyPeek.tsx';
import { isUnused, type Key, type KeyNames, originOf, unused_words, warningsOf } from './key-facts.ts';
import { NewKey } from './NewKey.tsx';

/** Names for the ids that keys are bound to. */
function useBoundNames(): KeyNames {
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

/** When it was used last; one that nobody has used for long should not be there. */
function LastUsed({ of, now_ms }: { of: Key; now_ms: number }) {
  const used = of.last_used_at ? <Time at={of.last_used_at} /> : <span className="faint">never</span>;
  if (!isUnused(of, now_ms)) return <span title={originOf(of) ?? undefined}>{used}</span>;
  return (
    <Status tone="warn" glyph="triangle" title={unused_words}>
      {used}
    </Status>
  );
}

interface About {
  names: KeyNames;
  /** The names of keys and people, by the ids of keys. */
  makers: ReadonlyMap<string, string>;
  contained: ReadonlyMap<string, Containment>;
  now_ms: number;
}

const columnsOf = ({ names, makers, contained, now_ms }: About): Column<Key>[] => [
  {
    id: 'state',
    title: 'State',
    width: '96px',
    cell: (row) => <KeyState of={row} stop={contained.get(row.lineage_id)} />,
  },
  { id: 'name', title: 'Name', width: 'minmax(120px, 1fr)', cell: (row) => row.name },
  { id: 'hint', title: 'Key', width: '132px', cell: (row) => <code>{row.hint}</code> },
  {
    id: 'mode',
    title: 'Mode',
    width: '56px',
    from: 1100,
    cell: (row) => /^aos_([a-z]+)/.exec(row.hint)?.[1] ?? <span className="faint">own</span>,
  },
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
          not bound
        </Status>
      );
    },
  },
  {
    id: 'policies',
    title: 'Bound by',
    width: 'minmax(120px, 1fr)',
    cell: (row) => <BoundBy of={row.policies} />,
  },
  {
    id: 'used',
    title: 'Last used',
    width: '96px',
    align: 'end',
    cell: (row) => <LastUsed of={row} now_ms={now_ms} />,
  },
  {
    id: 'origin',
    title: 'Used from',
    width: '176px',
    spare: true,
    cell: (row) => originOf(row) ?? <span className="faint">–</span>,
  },
  {
    id: 'maker',
    title: 'Made by',
    width: '132px',
    spare: true,
    cell: (row) => <KeyMaker of={row.created_by} names={makers} />,
  },
  {
    id: 'expires',
    title: 'Expires',
    width: '96px',
    align: 'end',
    cell: (row) => (row.expires_at ? <Time at={row.expires_at} /> : <span className="faint">never</span>),
  },
];

const facets = [
  { name: 'state', label: 'State', choices: ['live', 'expired', 'revoked'] },
  {
    name: 'role',
    label: 'Role',
    choices: ['owner', 'admin', 'policy_author', 'approver', 'operator', 'auditor', 'viewer', 'service'],
  },
  { name: 'unbound', label: 'Not bound', choices: ['true'], takes_one: true },
  { name: 'project', label: 'Project', takes_one: true },
  { name: 'q', label: 'Text', takes_one: true },
];

/** Who may call, in whose name, and whether anybody still does. */
export function ApiKeys() {
  const names = useBoundNames();
  const makers = useKeyNames();
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
        columns={columnsOf({ names, makers, contained, now_ms })}
        least={1040}
        keyOf={(row) => row.id}
        peek={(row) => <KeyPeek of={row} names={names} stop={contained.get(row.lineage_id)} />}
        peekTitle={(row) => row.name}
        empty={<Empty title="No key">A key lets a program call, and says who it is.</Empty>}
      />
      {making && <NewKey onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}
