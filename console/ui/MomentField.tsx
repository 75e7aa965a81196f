import { Field } from './Field.tsx';

interface Props {
  label: string;
  hint: string;
  error: string | null;
  /** An instant, or nothing. */
  value: string;
  onChange: (at: string) => void;
}

/** A date and a time in UTC, with what that is where the reader is. */
export const MomentField = ({ label, hint, error, value, onChange }: Props) => (
  <Field label={`${label} (UTC)`} hint={`${hint}${hereWords(value)}`} error={error}>
    {(wired) => (
      <input
        {...wired}
        type="datetime-local"
        value={minutesOf(value)}
        onChange={({ target }) => onChange(target.value === '' ? '' : `${target.value}:00.000Z`)}
      />
    )}
  </Field>
);

/** As a field of a browser has it; what is no instant leaves it empty. */
const minutesOf = (at: string): string => (Number.isNaN(Date.parse(at)) ? '' : new Date(at).toISOString().slice(0, 16));

const words = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });

function hereWords(at: string): string {
  const { timeZone } = words.resolvedOptions();
  if (timeZone === 'UTC' || minutesOf(at) === '') return '';
  return ` Here (${timeZone}) that is ${words.format(new Date(at))}.`;
}
