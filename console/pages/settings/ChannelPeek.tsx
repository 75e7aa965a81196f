import { useState } from 'react';
import { Link } from 'wouter';
import { type Answer, type Item, useAct, useApi } from '../../api.ts';
import { DeliveryStatus } from '../../parts/DeliveryStatus.tsx';
import { SecretDialog } from '../../parts/SecretDialog.tsx';
import { useMay } from '../../parts/session.ts';
import { plainWords } from '../../parts/words.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';

type Channel = Item<'listChannels'>;

/** One channel, what it was told last, and whether a test arrives. */
export function ChannelPeek({ of }: { of: Channel }) {
  const deliveries = useApi('listDeliveries', { query: { channel_id: of.id, limit: 8 } });
  return (
    <>
      {of.kind !== 'console' && <ChannelActions of={of} />}
      <KeyValue
        of={[
          ['Channel', <Id key="id" id={of.id} />],
          ['Kind', plainWords(of.kind)],
          ['Goes to', of.address],
          ['Test arrived', of.tested_at && <Instant key="t" at={of.tested_at} />],
          ['Failing since', of.failing_since && <Instant key="f" at={of.failing_since} />],
          ['Changed', <Instant key="c" at={of.updated_at} />],
        ]}
      />
      <h3>Last deliveries</h3>
      {deliveries.data?.items.length === 0 && <p className="quiet">Nothing was told here yet.</p>}
      <ul>
        {deliveries.data?.items.map((one) => (
          <li key={one.id} style={{ display: 'flex', gap: 10, minHeight: 26 }}>
            <DeliveryStatus of={one} />
            <span className="quiet cut" title={one.last_error ?? undefined}>
              {one.alert_id === null ? 'test' : 'alert'}
              {one.last_error && `: ${one.last_error}`}
            </span>
            <span style={{ flex: 1 }} />
            <Time at={one.created_at} />
          </li>
        ))}
      </ul>
      <p>
        <Link href={`/settings/deliveries?channel_id=${of.id}`}>All deliveries</Link>
      </p>
    </>
  );
}

function ChannelActions({ of }: { of: Channel }) {
  const may = useMay('administer');
  const test = useAct('testChannel');
  const change = useAct('changeChannel');
  const toast = useToast();
  const [removing, setRemoving] = useState(false);
  const [made, setMade] = useState<Answer<'changeChannel'> | null>(null);
  const params = { id: of.id };
  const fail = (error: Error) => toast(error.message, { tone: 'crit' });
  const sendTest = () =>
    test.mutate(
      { params },
      {
        onError: fail,
        onSuccess: ({ ok, delivery }) =>
          toast(
            ok ? 'The test has arrived' : `The test did not arrive: ${delivery.last_error}`,
            ok ? {} : { tone: 'crit' },
          ),
      },
    );
  const turn = () =>
    change.mutate(
      { params, body: { enabled: !of.enabled } },
      { onError: fail, onSuccess: () => toast(of.enabled ? `${of.slug} is off` : `${of.slug} is on`) },
    );
  return (
    <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
      <Button small kind="primary" disabled={!may || test.isPending} onClick={sendTest}>
        {test.isPending ? 'Sending …' : 'Send test'}
      </Button>
      <Button small disabled={!may || change.isPending} onClick={turn}>
        {of.enabled ? 'Switch off' : 'Switch on'}
      </Button>
      {of.kind === 'webhook' && (
        <Button
          small
          disabled={!may || change.isPending}
          onClick={() =>
            change.mutate({ params, body: { rotate_secret: true } }, { onError: fail, onSuccess: setMade })
          }
        >
          New secret
        </Button>
      )}
      <Button small kind="danger" disabled={!may} onClick={() => setRemoving(true)}>
        Remove…
      </Button>
      {removing && <RemoveDialog of={of} onClose={() => setRemoving(false)} />}
      {made?.secret && (
        <SecretDialog
          title={`The new signing secret of ${of.slug}`}
          about="The old secret stops signing at once. Send a test when the receiver has the new one."
          secret={made.secret}
          onClose={() => setMade(null)}
        />
      )}
    </div>
  );
}

function RemoveDialog({ of, onClose }: { of: Channel; onClose: () => void }) {
  const remove = useAct('removeChannel');
  const toast = useToast();
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Remove ${of.name}?`}
      about="Its deliveries stay in the list. A channel that a policy in force uses cannot be removed."
      buttons={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="danger"
            disabled={remove.isPending}
            onClick={() =>
              remove.mutate(
                { params: { id: of.id } },
                {
                  onSuccess: () => {
                    toast(`${of.name} is removed`);
                    onClose();
                  },
                },
              )
            }
          >
            Remove
          </Button>
        </>
      }
    >
      {remove.error && <p style={{ color: 'var(--crit)' }}>{remove.error.message}</p>}
    </Dialog>
  );
}
