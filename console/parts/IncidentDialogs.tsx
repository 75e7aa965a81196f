import { escalationOf } from '@aos/core/activity/escalation-text.ts';
import { useState } from 'react';
import { Said } from '../ui/Amount.tsx';
import { TextField } from '../ui/Field.tsx';
import { EscalatesField, isWrongEscalation } from './EscalatesField.tsx';
import { useIncidentActs, type Which } from './incident-acts.ts';
import { RadioField } from './RadioField.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';
import { useSession } from './session.ts';

interface Props {
  which: Which;
  /** What the dialog is about, in a line. */
  about: string;
  /** Which it was, for the message. */
  name?: string;
  onClose: () => void;
}

export const causes = [
  {
    value: 'breach',
    name: 'A real breach',
    hint: 'The control was right. If it goes on within a day, it opens again.',
  },
  { value: 'expected', name: 'Expected', hint: 'Known and accepted: a test, a migration, a busy day.' },
  { value: 'false_positive', name: 'A false positive', hint: 'The control fired where it should not have.' },
  { value: 'wrong_limit', name: 'A wrong limit', hint: 'The limit needs another number. Change its policy next.' },
];

/** What it turned out to be, and why: both are kept. */
export function ResolveDialog({ which, about, name, onClose }: Props) {
  const { act, busy, error } = useIncidentActs();
  const [cause, setCause] = useState('breach');
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={'like' in which ? 'Resolve all of this group' : 'Resolve this incident'}
      about={<Said text={about} />}
      verb="Resolve"
      busy={busy}
      error={error}
      onReason={(reason) =>
        act(which, { kind: 'resolve', cause: cause as 'breach', reason }, 'Resolved', {
          ...(name !== undefined && { name }),
          onDone: onClose,
          undo: true,
        })
      }
    >
      <RadioField label="What was it?" value={cause} options={causes} onChoose={setCause} />
    </ReasonDialog>
  );
}

/** A person, a team or a rota; an empty name: nobody. */
export function AssignDialog({ which, about, owner, onClose }: Props & { owner: string | null }) {
  const { act, busy, error } = useIncidentActs();
  const session = useSession();
  const [name, setName] = useState(owner ?? session.api_key.name);
  const to = name.trim() === '' ? null : name.trim();
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Who looks after it?"
      about={<Said text={about} />}
      verb={to === null ? 'Take the owner away' : `Assign to ${to}`}
      busy={busy}
      error={error}
      onReason={(reason) =>
        act(which, { kind: 'assign', owner: to, reason }, to === null ? 'Nobody owns it now' : `Assigned to ${to}`, {
          onDone: onClose,
        })
      }
    >
      <TextField
        label="Owner"
        hint="A person, a team or a rota. Empty: nobody."
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </ReasonDialog>
  );
}

const quiet_spans = [
  { value: '1', name: 'An hour' },
  { value: '4', name: 'Four hours' },
  { value: '24', name: 'A day' },
  { value: '168', name: 'A week', hint: 'The longest there is.' },
];

/** Out of the queue for a time, or until more happens than was taken into account. */
export function SnoozeDialog({ which, about, name, onClose }: Props) {
  const { act, busy, error } = useIncidentActs();
  const [hours, setHours] = useState('24');
  const [escalates, setEscalates] = useState('>50/1h');
  const onReason = (reason: string) => {
    if (isWrongEscalation(escalates)) return;
    const of = escalationOf(escalates);
    const until = { hours: Number(hours), ...(of && { escalates: of }) };
    act(which, { kind: 'acknowledge', ...until, reason }, 'Snoozed', {
      ...(name !== undefined && { name }),
      onDone: onClose,
      undo: true,
    });
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={'like' in which ? 'Snooze all of this group' : 'Snooze this incident'}
      about={<Said text={about} />}
      verb="Snooze"
      busy={busy}
      error={error}
      onReason={onReason}
    >
      <RadioField label="Until when?" value={hours} options={quiet_spans} onChoose={setHours} />
      <EscalatesField counted="violations of its policy by its agent" value={escalates} onChange={setEscalates} />
    </ReasonDialog>
  );
}

export function ReopenDialog({ which, about, onClose }: Props) {
  const { act, busy, error } = useIncidentActs();
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Open it again?"
      about={<Said text={about} />}
      verb="Open again"
      busy={busy}
      error={error}
      onReason={(reason) => act(which, { kind: 'reopen', reason }, 'Open again', { onDone: onClose })}
    />
  );
}
