import type { Item } from '../../api.ts';
import { ListView } from '../../parts/ListView.tsx';
import { LogTabs } from '../../parts/LogTabs.tsx';
import { plainWords } from '../../parts/words.tsx';
import { Said } from '../../ui/Amount.tsx';
import { Status, type Tone } from '../../ui/Chip.tsx';
import type { GlyphName } from '../../ui/Glyph.tsx';
import { Json } from '../../ui/KeyValue.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';

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
        empty={<Empty title="Nothing has happened to the system">Starts, stops, errors and changes appear here.</Empty>}
      />
    </Page>
  );
}
