import { useState } from 'react';
import { type Item, useAct } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { TextField } from '../../ui/Field.tsx';
import { useToast } from '../../ui/Toast.tsx';

interface Props {
  of: Item<'listProviders'>;
  onClose: () => void;
}

/** Replaces the key that the provider is called with. */
export function ChangeKey({ of, onClose }: Props) {
  const change = useAct('changeProvider');
  const toast = useToast();
  const [secret, setSecret] = useState('');
  const [tried, setTried] = useState(false);
  const submit = () => {
    setTried(true);
    if (secret === '') return;
    change.mutate(
      { params: { id: of.id }, body: { secret } },
      {
        onSuccess: () => {
          toast(`${of.slug} has its new key. Send a test call to see that the provider accepts it.`);
          onClose();
        },
      },
    );
  };
  return (
    <FormDialog
      title={`Change the key of ${of.slug}`}
      about="The next call uses it. Revoke the old one at the provider."
      verb="Change the key"
      busy={change.isPending}
      error={change.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label="New key"
        hint="Kept sealed and never shown again."
        type="password"
        autoComplete="off"
        autoFocus
        value={secret}
        error={tried && secret === '' ? 'Paste the new key.' : null}
        onChange={(event) => setSecret(event.target.value)}
      />
    </FormDialog>
  );
}

/** Makes the provider the one that calls for the model `default` go to. */
export function UseAsDefault({ of, onClose }: Props) {
  const use = useAct('useProvider');
  const toast = useToast();
  const [model, setModel] = useState(of.default_model ?? '');
  const submit = () =>
    use.mutate(
      { params: { id: of.id }, body: model.trim() === '' ? {} : { model: model.trim() } },
      {
        onSuccess: (used) => {
          toast(`Calls for the model "default" go to ${used.slug}/${used.default_model} now`);
          onClose();
        },
      },
    );
  return (
    <FormDialog
      title={`Use ${of.slug} as default`}
      about='Calls for the model "default", and runs that name no model, go to it.'
      verb="Use as default"
      busy={use.isPending}
      error={use.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label="Model"
        hint="Empty: the first of its own models, or a small one of the provider"
        autoFocus
        value={model}
        onChange={(event) => setModel(event.target.value)}
      />
    </FormDialog>
  );
}
