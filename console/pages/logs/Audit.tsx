import type { Item } from '../../api.ts';
import { IdLink } from '../../parts/Chips.tsx';
import { LedgerView } from '../../parts/LedgerView.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { LogTabs } from '../../parts/LogTabs.tsx';
import { id_shape } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { shortId } from '../../ui/format.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';

type Row = Item<'listLedgerEntries'>;

const linked = (id: string) => (id_shape.test(id) ? <IdLink id={id} /> : id);

const columns: readonly Column<Row>[] = [
  { id: 'time', title: 'Time', width: '220px', cell: (row) => <Instant at={row.occurred_at} /> },
  { id: 'event', title: 'Event', width: 'minmax(160px, 1fr)', cell: (row) => row.event },
  {
    id: 'actor',
    title: 'By',
    width: '190px',
    cell: (row) => (
      <>
        <span className="quiet">{row.actor_type}</span> {linked(row.actor_id)}
      </>
    ),
  },
  {
    id: 'object',
    title: 'Object',
    width: '210px',
    cell: (row) => (
      <>
        <span className="quiet">{row.object_type}</span> {linked(row.object_id)}
      </>
    ),
  },
  {
    id: 'reason',
    title: 'Reason',
    width: 'minmax(160px, 2fr)',
    cell: (row) => row.reason && <Said text={row.reason} />,
  },
];
const facets = [
  { name: 'actor_type', label: 'By', choices: ['human', 'service', 'system'] },
  { name: 'event', label: 'Event' },
  { name: 'object', label: 'Object' },
  { name: 'policy', label: 'Policy' },
  { name: 'run', label: 'Run' },
  { name: 'actor', label: 'Actor' },
  { name: 'agent', label: 'Agent' },
  { name: 'api_key', label: 'Key' },
  { name: 'project', label: 'Project' },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];

/** Who did what to which object, and why. */
export function Audit() {
  return (
    <Page title="Audit ledger" heading="Logs" full>
      <LogTabs />
      <ListView
        of="listLedgerEntries"
        label="Ledger entries"
        facets={facets}
        columns={columns}
        least={1080}
        keyOf={(row) => row.id}
        peek={(row) => <LedgerView entry={row} />}
        peekTitle={(row) => (
          <>
            {row.event} <code className="faint">{shortId(row.id)}</code>
          </>
        )}
        empty={<Empty title="The ledger has no entry">Every change of policies, keys and runs is entered.</Empty>}
      />
    </Page>
  );
}
