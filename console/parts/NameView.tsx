import { useState } from 'react';
import { chosenProject } from '../project.ts';
import { TextField } from '../ui/Field.tsx';
import { FormDialog } from './FormDialog.tsx';
import { RadioField } from './RadioField.tsx';
import { useMay, useSession } from './session.ts';

interface Props {
  error: { message: string } | null;
  onName: (name: string, is_shared: boolean) => void;
  onClose: () => void;
}

/** Under which name a view is kept, and for whom. */
export function NameView({ error, onName, onClose }: Props) {
  const [name, setName] = useState('');
  const [whose, setWhose] = useState('own');
  const may = useMay('operate');
  const { role, project, tenant } = useSession();
  const slug = role === 'owner' || project === null ? chosenProject() : project.slug;
  const others = slug === null ? `Everybody of ${tenant.slug}` : `Everybody of project ${slug}`;
  const options = [
    { value: 'own', name: 'Me', hint: 'In this browser alone.' },
    ...(may
      ? [{ value: 'shared', name: others, hint: 'Also in other browsers; who shared it is in the ledger.' }]
      : []),
  ];
  const submit = () => name.trim() !== '' && onName(name.trim(), whose === 'shared');
  return (
    <FormDialog
      title="Save this view"
      about="Its filters, under a name."
      verb="Save"
      busy={name.trim() === ''}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField label="Name" autoFocus maxLength={60} value={name} onChange={(event) => setName(event.target.value)} />
      <RadioField label="For whom?" value={whose} options={options} onChoose={setWhose} />
    </FormDialog>
  );
}
