import { Link } from 'wouter';
import { type Item, useAct } from '../api.ts';
import { hrefOf, id_shape } from '../paths.ts';
import { Said } from '../ui/Amount.tsx';
import { Button } from '../ui/Button.tsx';
import { amountText, shortId } from '../ui/format.ts';
import { Id } from '../ui/Id.tsx';
import { KeyValue } from '../ui/KeyValue.tsx';
import { Instant } from '../ui/Time.tsx';
import { useToast } from '../ui/Toast.tsx';
import { useKeyName, useKeyNames } from './key-names.ts';
import { useMay } from './session.ts';
import { State } from './words.tsx';

export type AlertRow = Item<'listAlerts'>;

/** Somebody looks after an alert, in one step: it waits for nobody any more, and is not told again. */
export function useAcknowledgeAlert() {
  const may = useMay('operate');
  const act = useAct('acknowledgeAlert');
  const toast = useToast();
  const acknowledge = ({ id }: Pick<AlertRow, 'id'>) =>
    act.mutate(
      { params: { id }, body: { reason: 'Acknowledged in the console' } },
      {
        onSuccess: () => toast('Acknowledged: it is not told again'),
        onError: (error) => toast(error.message, { tone: 'crit' }),
      },
    );
  return { may, acknowledge, busy: act.isPending };
}

/** One alert: what was reached and when, by which call, whom it was told, and who looks after it. */
export function AlertView({ of }: { of: AlertRow }) {
  const { may, acknowledge, busy } = useAcknowledgeAlert();
  const names = useKeyNames(of.acknowledged_by !== null);
  const by = useKeyName(of.acknowledged_by, names) ?? shortId(of.acknowledged_by ?? '');
  const link = (id: string | null) =>
    id && (
      <Link key={id} href={hrefOf(id)}>
        <code>{shortId(id)}</code>
      </Link>
    );
  return (
    <>
      <p>
        <Said text={of.text} />
      </p>
      <div style={{ display: 'flex', gap: 12, alignItems: 'center' }}>
        <State of="alert" state={of.status} />
        {of.status !== 'acknowledged' && (
          <Button
            small
            kind={of.requires_ack ? 'primary' : 'normal'}
            disabled={!may || busy}
            title={may ? undefined : 'Your key may read alerts, not acknowledge them'}
            onClick={() => acknowledge(of)}
          >
            Acknowledge
          </Button>
        )}
      </div>
      <KeyValue
        of={[
          ['Alert', <Id key="id" id={of.id} />],
          ['Fired', <Instant key="fired" at={of.fired_at} />],
          ['Used', amountText(of.used, of.unit)],
          ['Reserved', amountText(of.reserved, of.unit)],
          ['Limit', amountText(of.limit_value, of.unit)],
          [
            'Counted for',
            of.subject === '*' ? 'all together' : id_shape.test(of.subject) ? link(of.subject) : of.subject,
          ],
          ['Window ends', of.window_end && <Instant key="end" at={of.window_end} />],
          ['Policy', <Link key="policy" href={hrefOf(of.policy_id)}>{`${of.policy_name} v${of.policy_version}`}</Link>],
          ['Decision', link(of.decision_id)],
          ['Run', link(of.run_id)],
          ['Ledger entry', link(of.event_id)],
          ['Told over', of.channels.length > 0 ? of.channels.join(', ') : 'no channel'],
          [
            'Told again',
            of.repeat_at ? <Instant key="again" at={of.repeat_at} /> : of.repeats > 0 ? `${of.repeats} times` : null,
          ],
          ...(of.acknowledged_at === null
            ? []
            : ([
                ['Acknowledged', <Instant key="ack" at={of.acknowledged_at} />],
                ['By', by],
                ['Why', of.acknowledge_reason],
              ] as const)),
        ]}
      />
      <p>
        <Link href={`/settings/deliveries?alert_id=${of.id}`}>What became of telling it</Link>
      </p>
    </>
  );
}
