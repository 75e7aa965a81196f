import type { Item } from '../../api.ts';
import { AllProjects } from '../../parts/AllProjects.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { Severity, SystemRecordView } from '../../parts/SystemRecordView.tsx';
import { useMay, useSession } from '../../parts/session.ts';
import { plainWords } from '../../parts/words.tsx';
import { Said } from '../../ui/Amount.tsx';
import { Id } from '../../ui/Id.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';

type Row = Item<'listSystemRecords'>;

const columns: readonly Column<Row>[] = [
  { id: 'time', title: 'Time', width: '200px', cell: (row) => <Instant at={row.occurred_at} /> },
  {
    id: 'severity',
    title: 'Severity',
    width: '96px',
    cell: (row) => <Severity of={row.severity} />,
  },
  { id: 'component', title: 'Component', width: '96px', cell: (row) => plainWords(row.component) },
  { id: 'event', title: 'Event', width: '136px', cell: (row) => plainWords(row.event_type) },
  { id: 'summary', title: 'Summary', width: 'minmax(200px, 1fr)', cell: (row) => <Said text={row.summary} /> },
  { id: 'cause', title: 'Caused by', width: '88px', cell: (row) => plainWords(row.caused_by) },
  {
    id: 'correlation',
    title: 'Correlation',
    width: '136px',
    cell: (row) => (row.correlation_id ? <Id id={row.correlation_id} /> : <span className="faint">none</span>),
  },
];
const events = [
  'STARTUP',
  'SHUTDOWN',
  'DEPLOYMENT',
  'MIGRATION',
  'AUTH_CHANGE',
  'CONFIG_CHANGE',
  'ERROR',
  'HEALTH_CHECK',
];
const facets = [
  { name: 'q', label: 'Text', takes_one: true },
  { name: 'severity', label: 'Severity', choices: ['INFO', 'WARN', 'CRITICAL'] },
  {
    name: 'component',
    label: 'Component',
    choices: ['API', 'GATEWAY', 'WORKER', 'SCHEDULER', 'DB', 'AUTH', 'MIGRATION'],
  },
  { name: 'event', label: 'Event', choices: [...events, 'DEGRADED_ENTER', 'DEGRADED_EXIT'] },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];

/** What happened to the system itself: to the installation, too, for its owners. */
export function System() {
  const query = useIsOwner() ? ({ include: 'installation' } as const) : {};
  return (
    <Page title="System log" heading="Logs" full>
      <RoomTabs of="Logs" />
      <ListView
        of="listSystemRecords"
        label="System records"
        query={query}
        facets={facets}
        aside={<AllProjects />}
        example='severity:CRITICAL "database"'
        counted={{ of: 'getSystemFacets', query }}
        log="system"
        span="24h"
        columns={columns}
        least={900}
        keyOf={(row) => row.id}
        peek={(row) => <SystemRecordView record={row} />}
        peekTitle={(row) => plainWords(row.event_type)}
        empty={<NoRecord />}
      />
    </Page>
  );
}

/** Starts and stops are the installation's, which more than one tenant may share. */
function useIsOwner(): boolean {
  const { role } = useSession();
  return useMay('installation') && role === 'owner';
}

function NoRecord() {
  const { role, project } = useSession();
  const is_owner = useIsOwner();
  if (project !== null && role !== 'owner')
    return (
      <Empty title="Not for a key of one project">
        Records of the system belong to no project: a key without one sees those of its tenant.
      </Empty>
    );
  return (
    <Empty title={is_owner ? 'No record of the system' : 'No record of this tenant'}>
      <p>
        Starts, stops, errors and migrations of the server are records of the installation.
        {!is_owner && ' Owners of the first tenant see them.'}
      </p>
    </Empty>
  );
}
