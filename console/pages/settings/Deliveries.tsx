import { Link } from 'wouter';
import { type Item, useAct } from '../../api.ts';
import { AllProjects } from '../../parts/AllProjects.tsx';
import { DeliveryStatus } from '../../parts/DeliveryStatus.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { useMay } from '../../parts/session.ts';
import { plainWords } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Button } from '../../ui/Button.tsx';
import { durationText, shortId } from '../../ui/format.ts';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';

type Delivery = Item<'listDeliveries'>;

const columns: readonly Column<Delivery>[] = [
  { id: 'status', title: 'Status', width: '136px', cell: (row) => <DeliveryStatus of={row} /> },
  { id: 'channel', title: 'Channel', width: '136px', cell: (row) => row.channel_slug },
  { id: 'kind', title: 'Kind', width: '88px', cell: (row) => plainWords(row.kind) },
  {
    id: 'alert',
    title: 'About',
    width: '168px',
    cell: (row) =>
      row.alert_id === null ? (
        <span className="quiet">a test</span>
      ) : (
        <Link href={hrefOf(row.alert_id)}>
          <code>{shortId(row.alert_id)}</code>
        </Link>
      ),
  },
  { id: 'attempts', title: 'Attempts', width: '72px', align: 'end', cell: (row) => row.attempts },
  {
    id: 'error',
    title: 'Last error',
    width: 'minmax(160px, 1fr)',
    cell: (row) => row.last_error ?? <span className="faint">none</span>,
  },
  { id: 'created', title: 'Made', width: '104px', align: 'end', cell: (row) => <Time at={row.created_at} /> },
  { id: 'next', title: 'Next attempt', width: '104px', align: 'end', cell: (row) => <Time at={row.next_attempt_at} /> },
];

const facets = [
  { name: 'status', label: 'Status', choices: ['pending', 'delivered', 'dead'] },
  { name: 'channel_id', label: 'Channel' },
  { name: 'alert_id', label: 'Alert' },
];

/** What was told over channels, and what was given up. */
export function Deliveries() {
  return (
    <SettingsPage title="Deliveries" full>
      <ListView
        of="listDeliveries"
        label="Deliveries"
        facets={facets}
        aside={<AllProjects />}
        columns={columns}
        least={960}
        keyOf={(row) => row.id}
        peek={(row) => <DeliveryPeek of={row} />}
        peekTitle={(row) => `To ${row.channel_slug}`}
        empty={<Empty title="Nothing was told yet">Alerts of limits are delivered over the channels they name.</Empty>}
      />
    </SettingsPage>
  );
}

function DeliveryPeek({ of }: { of: Delivery }) {
  const may = useMay('operate');
  const retry = useAct('retryDelivery');
  const toast = useToast();
  const again = () =>
    retry.mutate(
      { params: { id: of.id } },
      {
        onError: (error) => toast(error.message, { tone: 'crit' }),
        onSuccess: () => toast('It is tried again now'),
      },
    );
  return (
    <>
      {of.status !== 'delivered' && of.alert_id !== null && (
        <div>
          <Button small kind="primary" disabled={!may || retry.isPending} onClick={again}>
            Try again now
          </Button>
        </div>
      )}
      <KeyValue
        of={[
          ['Delivery', <Id key="id" id={of.id} />],
          ['Made', <Instant key="made" at={of.created_at} />],
          ['Delivered', of.delivered_at && <Instant key="done" at={of.delivered_at} />],
          ['Next attempt', of.next_attempt_at && <Instant key="next" at={of.next_attempt_at} />],
        ]}
      />
      <h3>Attempts</h3>
      <ul>
        {of.log.map((one) => (
          <li key={one.n} style={{ display: 'grid', gap: 2, padding: '4px 0' }}>
            <span>
              {one.n}. <Instant at={one.at} /> <span className="quiet">{durationText(one.latency_ms)}</span>
            </span>
            <span style={{ color: one.error ? 'var(--crit)' : 'var(--ok)' }}>
              {one.error ?? 'accepted'}
              {one.status !== null && ` (${one.status})`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
