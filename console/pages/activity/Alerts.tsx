import { Link } from 'wouter';
import { type AlertRow, AlertView, useAcknowledgeAlert } from '../../parts/AlertView.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { all_time } from '../../parts/time-range.ts';
import { State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { useKeyWords } from '../../ui/key-words.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';

const columns: readonly Column<AlertRow>[] = [
  { id: 'status', title: 'State', width: '120px', cell: (row) => <State of="alert" state={row.status} bare /> },
  {
    id: 'tier',
    title: 'Reached',
    width: '80px',
    align: 'end',
    cell: (row) => (row.tier === null ? 'forecast' : `${row.tier} %`),
  },
  {
    id: 'policy',
    title: 'Policy',
    width: 'minmax(120px, 1fr)',
    cell: (row) => <Link href={hrefOf(row.policy_id)}>{row.policy_name}</Link>,
  },
  {
    id: 'text',
    title: 'What it says',
    width: 'minmax(200px, 2.4fr)',
    cell: (row) => (
      <span title={row.text}>
        <Said text={row.text} />
      </span>
    ),
  },
  {
    id: 'channels',
    title: 'Told over',
    width: '128px',
    cell: (row) => row.channels.join(', ') || <span className="faint">no channel</span>,
  },
  { id: 'fired', title: 'Fired', width: '104px', align: 'end', cell: (row) => <Time at={row.fired_at} /> },
  { id: 'act', title: 'Look after it', width: '128px', cell: (row) => <Acknowledge of={row} /> },
];

function Acknowledge({ of }: { of: AlertRow }) {
  const { may, acknowledge, busy } = useAcknowledgeAlert();
  if (of.status !== 'open') return null;
  return (
    <Button small disabled={!may || busy} aria-label={`Acknowledge: ${of.text}`} onClick={() => acknowledge(of)}>
      Acknowledge
    </Button>
  );
}

const facets = [
  { name: 'status', label: 'State', choices: ['open', 'noted', 'acknowledged'] },
  { name: 'kind', label: 'Kind', choices: ['tier', 'forecast'] },
  { name: 'tier', label: 'Tier', takes_one: true },
  { name: 'policy_id', label: 'Policy', takes_one: true },
  { name: 'run_id', label: 'Run', takes_one: true },
  { name: 'project', label: 'Project' },
  { name: 'is_synthetic', label: 'Synthetic', choices: ['all'] },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];

/** What limits have reached, newest first, and what of it waits for a person. */
export function Alerts() {
  const { may, acknowledge } = useAcknowledgeAlert();
  useKeyWords({ e: 'Acknowledge the alert' });
  const onKey = (key: string, row: AlertRow): boolean => {
    if (key !== 'e') return false;
    if (may && row.status !== 'acknowledged') acknowledge(row);
    return true;
  };
  return (
    <Page title="Alerts" heading="Activity" full>
      <RoomTabs of="Activity" />
      <ListView
        of="listAlerts"
        label="Alerts"
        facets={facets}
        span={all_time}
        columns={columns}
        least={960}
        noun="alerts"
        keyOf={(row) => row.id}
        openHref={(row) => hrefOf(row.id)}
        peek={(row) => <AlertView of={row} />}
        peekTitle={(row) => (row.tier === null ? 'Forecast' : `${row.tier} % reached`)}
        onKey={onKey}
        empty={<Empty title="No limit has reached a tier">Each tier of a limit is an alert once in its window.</Empty>}
      />
    </Page>
  );
}
