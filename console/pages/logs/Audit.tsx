import type { Item } from '../../api.ts';
import { OfChosenProject } from '../../parts/AllProjects.tsx';
import { LedgerView } from '../../parts/LedgerView.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { Named, WhoActed } from '../../parts/WhoActed.tsx';
import { Said } from '../../ui/Amount.tsx';
import { shortId } from '../../ui/format.ts';
import { Hash } from '../../ui/Id.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';
import { changeText } from './change-text.ts';

type Row = Item<'listLedgerEntries'>;

const none = <span className="faint">none</span>;

const columns: readonly Column<Row>[] = [
  { id: 'time', title: 'Time', width: '200px', cell: (row) => <Instant at={row.occurred_at} /> },
  { id: 'actor', title: 'Actor', width: 'minmax(104px, 0.5fr)', cell: (row) => <WhoActed of={row} /> },
  { id: 'event', title: 'Event', width: '160px', cell: (row) => <span title={row.event}>{row.event}</span> },
  {
    id: 'object',
    title: 'Object',
    width: '184px',
    cell: (row) => (
      <>
        <span className="quiet">{row.object_type}</span> <Named id={row.object_id} name={null} />
      </>
    ),
  },
  {
    id: 'change',
    title: 'Before → after',
    width: 'minmax(112px, 1fr)',
    cell: (row) => <Cut text={changeText(row.before, row.after, [row.object_id, row.reason])} />,
  },
  { id: 'reason', title: 'Reason', width: 'minmax(112px, 1fr)', cell: (row) => <Cut text={row.reason ?? ''} /> },
  { id: 'request', title: 'Request', width: '62px', cell: (row) => <Hash hash={row.request_id} /> },
  {
    id: 'key',
    title: 'Key',
    width: '88px',
    cell: (row) => (row.api_key_id ? <Named id={row.api_key_id} name={row.api_key_name} /> : none),
  },
];
/** One line, and the whole on hover. */
const Cut = ({ text }: { text: string }) => (
  <span title={text}>
    <Said text={text} />
  </span>
);

const facets = [
  { name: 'q', label: 'Text', takes_one: true },
  { name: 'actor_type', label: 'Actor type', choices: ['human', 'service', 'system'] },
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
      <RoomTabs of="Logs" />
      <ListView
        of="listLedgerEntries"
        label="Ledger entries"
        facets={facets}
        aside={<OfChosenProject />}
        example='event:POLICY_* actor_type:human "too dear"'
        counted={{ of: 'getLedgerFacets' }}
        log="audit"
        span="24h"
        columns={columns}
        least={1120}
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
