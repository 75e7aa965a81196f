import { escalationOf } from '@aos/core/activity/escalation-text.ts';
import { useState } from 'react';
import { type Item, useAct } from '../api.ts';
import { useToast } from '../ui/Toast.tsx';
import { EscalatesField, isWrongEscalation } from './EscalatesField.tsx';
import { RadioField } from './RadioField.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';

export type SignalRow = Item<'listSignals'>;

/** Somebody looks after a signal, in one step: it is open again only if it gets worse. */
export function useAcknowledge() {
  const act = useAct('acknowledgeSignal');
  const toast = useToast();
  const acknowledge = ({ id }: SignalRow) =>
    act.mutate(
      { params: { id }, body: {} },
      {
        onSuccess: () => toast('Acknowledged: open again only if it gets worse'),
        onError: (error) => toast(error.message, { tone: 'crit' }),
      },
    );
  return { acknowledge, busy: act.isPending };
}

const spans = [
  { value: '1', name: 'An hour' },
  { value: '4', name: 'Four hours' },
  { value: '24', name: 'A day' },
  { value: '168', name: 'A week' },
  { value: '720', name: 'Thirty days', hint: 'The longest there is.' },
];

/** For how long nothing shall be heard of a signal, what ends that before, and why. */
export function SuppressDialog({ signal, onClose }: { signal: SignalRow; onClose: () => void }) {
  const suppress = useAct('suppressSignal');
  const toast = useToast();
  const [hours, setHours] = useState('4');
  const [escalates, setEscalates] = useState('');
  const onReason = (reason: string) => {
    if (isWrongEscalation(escalates)) return;
    const of = escalationOf(escalates);
    suppress.mutate(
      { params: { id: signal.id }, body: { hours: Number(hours), reason, ...(of && { escalates: of }) } },
      {
        onSuccess: () => {
          toast('Suppressed; then it is open again, if it still holds');
          onClose();
        },
      },
    );
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Suppress this signal"
      about={signal.text}
      verb="Suppress"
      busy={suppress.isPending}
      error={suppress.error}
      onReason={onReason}
    >
      <RadioField label="Until when?" value={hours} options={spans} onChoose={setHours} />
      <EscalatesField counted="looks, of which there is one every 15 s," value={escalates} onChange={setEscalates} />
    </ReasonDialog>
  );
}
