import { useState } from 'react';
import { useAct } from '../../api.ts';
import type { Gauge, Limit } from '../../parts/gauge.ts';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { lastingOf, longest_raise_h, raiseOf } from '../../parts/raise.ts';
import { SelectField, TextField } from '../../ui/Field.tsx';
import { amountText, minuteText } from '../../ui/format.ts';
import { useToast } from '../../ui/Toast.tsx';

const hours = [
  { value: '1', name: 'For an hour' },
  { value: '4', name: 'For 4 hours' },
  { value: '24', name: 'For a day' },
  { value: String(longest_raise_h), name: 'For a week' },
];

/** What is chosen first, for how long a raise lasts that nobody gives another time. */
const first = { window: 'window', week: String(longest_raise_h), day: '24' };

/** More room for a time, without a new version of the policy. */
export function RaiseDialog({ limit, gauge, onClose }: { limit: Limit; gauge: Gauge; onClose: () => void }) {
  const create = useAct('createOverride');
  const toast = useToast();
  const [amount, setAmount] = useState('');
  const [lasting] = useState(() => lastingOf(limit, gauge));
  const [until, setUntil] = useState(first[lasting]);
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
        hint={
          lasting === 'week' &&
          `A week is the longest: its window ends later, at ${minuteText(gauge.window.end ?? '')}.`
        }
        value={until}
        choices={[...(lasting === 'window' ? [{ value: 'window', name: 'The end of its window' }] : []), ...hours]}
        onChoose={setUntil}
      />
    </ReasonDialog>
  );
}
