import { useState } from 'react';
import { useAct } from '../../api.ts';
import type { Gauge, Limit } from '../../parts/gauge.ts';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { raiseOf } from '../../parts/raise.ts';
import { SelectField, TextField } from '../../ui/Field.tsx';
import { amountText } from '../../ui/format.ts';
import { useToast } from '../../ui/Toast.tsx';

const hours = [
  { value: '1', name: 'For an hour' },
  { value: '4', name: 'For 4 hours' },
  { value: '24', name: 'For a day' },
  { value: '168', name: 'For a week' },
];

/** More room for a time, without a new version of the policy. */
export function RaiseDialog({ limit, gauge, onClose }: { limit: Limit; gauge: Gauge; onClose: () => void }) {
  const create = useAct('createOverride');
  const toast = useToast();
  const [amount, setAmount] = useState('');
  const [until, setUntil] = useState('window');
  const ends = gauge.resets_at;
  const more = Number(amount);
  const save = (reason: string) =>
    create.mutate(raiseOf(limit, gauge, { amount, hours: until === 'window' ? null : Number(until), reason }), {
      onSuccess: (made) => {
        toast(`Raised to ${amountText(made.raised_cap, made.unit)}`);
        onClose();
      },
    });
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Raise this limit once"
      about={`${limit.policy_name}: ${amountText(gauge.remaining, gauge.unit)} of ${amountText(gauge.cap, gauge.unit)} left. The policy stays as it is; the raise ends by itself.`}
      verb={amount !== '' && more > 0 ? `Raise by ${amountText(more, gauge.unit)}` : 'Raise'}
      busy={create.isPending}
      error={create.error}
      onReason={save}
    >
      <TextField
        label={`How much more (${gauge.unit.replaceAll('_', ' ')})`}
        inputMode="decimal"
        autoFocus
        value={amount}
        onChange={(event) => setAmount(event.target.value)}
      />
      <SelectField
        label="Until"
        value={until}
        choices={[...(ends ? [{ value: 'window', name: 'The end of its window' }] : []), ...hours]}
        onChoose={setUntil}
      />
    </ReasonDialog>
  );
}
