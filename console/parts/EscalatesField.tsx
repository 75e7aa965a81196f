import { escalationOf } from '@aos/core/activity/escalation-text.ts';
import { TextField } from '../ui/Field.tsx';

interface Props {
  /** What is counted, in the plural. */
  counted: string;
  value: string;
  onChange: (text: string) => void;
}

/** What was written is nothing that can be counted. */
export const isWrongEscalation = (text: string): boolean => text.trim() !== '' && escalationOf(text) === null;

/** Above how much of it somebody wants to hear of it before its time. */
export const EscalatesField = ({ counted, value, onChange }: Props) => (
  <TextField
    label="Or until it escalates"
    hint={`>50/1h: above 50 ${counted} in an hour it is open again at once. Empty: not before its time.`}
    placeholder=">50/1h"
    value={value}
    error={isWrongEscalation(value) ? 'Write how many, in how many hours (24 at most), like >50/1h.' : null}
    onChange={(event) => onChange(event.target.value)}
  />
);
