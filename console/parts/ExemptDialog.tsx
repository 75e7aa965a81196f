import { useState } from 'react';
import { useAct } from '../api.ts';
import { SelectField, TextField } from '../ui/Field.tsx';
import { useToast } from '../ui/Toast.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';

const kinds = [
  { value: 'agent', name: 'An agent' },
  { value: 'api_key', name: 'A key' },
  { value: 'actor', name: 'A human' },
  { value: 'project', name: 'A project' },
];

const hours = [
  { value: '1', name: 'For an hour' },
  { value: '24', name: 'For a day' },
  { value: '168', name: 'For a week' },
];

interface Props {
  policy: { id: string; name: string };
  onClose: () => void;
}

/** Takes somebody out of a policy until a date; it ends by itself. */
export function ExemptDialog({ policy, onClose }: Props) {
  const create = useAct('createExemption');
  const toast = useToast();
  const [kind, setKind] = useState('agent');
  const [id, setId] = useState('');
  const [lasts, setLasts] = useState('24');
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Exempt somebody from ${policy.name}`}
      about="Every other policy still applies to their calls. The exemption ends by itself."
      verb="Exempt"
      busy={create.isPending}
      error={create.error}
      onReason={(reason) =>
        create.mutate(
          {
            params: { id: policy.id },
            body: { kind: kind as 'agent', id: id.trim(), hours: Number(lasts), reason },
          },
          {
            onSuccess: (made) => {
              toast(made.sentence);
              onClose();
            },
          },
        )
      }
    >
      <SelectField label="Whom" value={kind} choices={kinds} onChoose={setKind} />
      <TextField label="Id or name" value={id} onChange={(event) => setId(event.target.value)} />
      <SelectField label="How long" value={lasts} choices={hours} onChoose={setLasts} />
    </ReasonDialog>
  );
}
