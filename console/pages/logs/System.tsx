import type { Item } from '../../api.ts';
import { ListView } from '../../parts/ListView.tsx';
import { LogTabs } from '../../parts/LogTabs.tsx';
import { useSession } from '../../parts/session.ts';
import { plainWords } from '../../parts/words.tsx';
import { Said } from '../../ui/Amount.tsx';
import { LinkButton } from '../../ui/Button.tsx';
import { Status, type Tone } from '../../ui/Chip.tsx';
import type { GlyphName } from '../../ui/Glyph.tsx';
import { Json } from '../../ui/KeyValue.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';
import { useUrlWord } from '../../url-state.ts';

type Row = Item<'listSystemRecords'>;

const looks: Record<Row['severity'], [Tone, GlyphName]> = {
  INFO: ['neutral', 'circle'],
  WARN: ['warn', 'triangle'],
  CRITICAL: ['crit', 'square'],
};

const columns: readonly Column<Row>[] = [
  { id: 'time', title: 'Time', width: '220px', cell: (row) => <Instant at={row.occurred_at} /> },
  {
    id: 'severity',
    title: 'Severity',
    width: '96px',
    cell: ({ severity }) => (
      <Status tone={looks[severity][0]} glyph={looks[severity][1]}>
        {plainWords(severity)}
      </Status>
    ),
  },
  { id: 'component', title: 'Component', width: '96px', cell: (row) => plainWords(row.component) },
  { id: 'event', title: 'Event', width: '136px', cell: (row) => plainWords(row.event_type) },
  { id: 'summary', title: 'Summary', width: 'minmax(200px, 1fr)', cell: (row) => <Said text={row.summary} /> },
  { id: 'cause', title: 'Caused by', width: '96px', cell: (row) => plainWords(row.caused_by) },
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
  { name: 'severity', label: 'Severity', choices: ['INFO', 'WARN', 'CRITICAL'] },
  {
    name: 'component',
    label: 'Component',
    choices: ['API', 'GATEWAY', 'WORKER', 'SCHEDULER', 'DB', 'AUTH', 'MIGRATION'],
  },
  { name: 'event', label: 'Event', choices: [...events, 'DEGRADED_ENTER', 'DEGRADED_EXIT'] },
  { name: 'include', label: 'Include', choices: ['installation'] },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];

/** What happened to the system itself. */
export function System() {
  return (
    <Page title="System log" heading="Logs" full>
      <LogTabs />
      <ListView
        of="listSystemRecords"
        label="System records"
        facets={facets}
        columns={columns}
        least={900}
        keyOf={(row) => row.id}
        peek={(row) => <Json value={row} label="The record" />}
        peekTitle={(row) => plainWords(row.event_type)}
        empty={<NoRecord />}
      />
    </Page>
  );
}

/** Starts and stops are the installation's, which more than one tenant may share: none of them is this tenant's own. */
function NoRecord() {
  const { role, project } = useSession();
  const [, include] = useUrlWord('include', '');
  if (project !== null && role !== 'owner')
    return (
      <Empty title="Not for a key of one project">
        Records of the system belong to no project: a key without one sees those of its tenant.
      </Empty>
    );
  return (
    <Empty title="No record of this tenant">
      <p>Starts, stops, errors and migrations of the server are records of the installation.</p>
      {role === 'owner' ? (
        <LinkButton onClick={() => include('installation')}>Include those of the installation</LinkButton>
      ) : (
        <p>Owners of the first tenant see them.</p>
      )}
    </Empty>
  );
}
