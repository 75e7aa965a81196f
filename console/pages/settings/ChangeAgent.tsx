import { useState } from 'react';
import { type Item, useAct } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { OwnerField } from '../../parts/OwnerField.tsx';
import { TextField } from '../../ui/Field.tsx';
import { useToast } from '../../ui/Toast.tsx';

/** What people call an agent, and whom they ask about it. */
export function ChangeAgent({ of, onClose }: { of: Item<'listAgents'>; onClose: () => void }) {
  const change = useAct('updateAgent');
  const toast = useToast();
  const [name, setName] = useState(of.name);
  const [owner, setOwner] = useState(of.owner ?? '');
  const submit = () =>
    change.mutate(
      { params: { id: of.id }, body: { name: name.trim(), owner: owner.trim() || null } },
      {
        onSuccess: () => {
          toast(`${of.slug} is changed`);
          onClose();
        },
      },
    );
  return (
    <FormDialog
      title={`Change ${of.slug}`}
      verb="Save"
      busy={change.isPending}
      error={change.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField label="Name" value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
      <OwnerField value={owner} onChange={setOwner} />
    </FormDialog>
  );
}
