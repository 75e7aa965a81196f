import { useState } from 'react';
import { useAct, useApi } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { OwnerField } from '../../parts/OwnerField.tsx';
import { useSession } from '../../parts/session.ts';
import { chosenProject } from '../../project.ts';
import { SelectField, TextField } from '../../ui/Field.tsx';
import { useToast } from '../../ui/Toast.tsx';

/** Registers an agent before its first call: some projects refuse those that are not registered. */
export function NewAgent({ onClose }: { onClose: () => void }) {
  const create = useAct('createAgent');
  const toast = useToast();
  const session = useSession();
  const projects = useApi('listProjects', { query: { limit: 200 } });
  const open = (projects.data?.items ?? []).filter(({ retired_at }) => retired_at === null);
  const [chosen, setProject] = useState<string | null>(null);
  // What is made is found in the list it was made from.
  const listed = open.find(({ slug }) => slug === chosenProject())?.id;
  const project = chosen ?? listed ?? session.project?.id ?? open.find(({ slug }) => slug === 'default')?.id ?? '';
  const [slug, setSlug] = useState('');
  const [name, setName] = useState('');
  const [owner, setOwner] = useState('');
  const [tried, setTried] = useState(false);
  const submit = () => {
    setTried(true);
    if (slug.trim() === '') return;
    create.mutate(
      {
        body: {
          slug: slug.trim(),
          ...(name.trim() !== '' && { name: name.trim() }),
          ...(owner.trim() !== '' && { owner: owner.trim() }),
          ...(project !== '' && { project_id: project }),
        },
      },
      {
        onSuccess: (agent) => {
          toast(`The agent ${agent.slug} is registered`);
          onClose();
        },
      },
    );
  };
  return (
    <FormDialog
      title="New agent"
      verb="Register the agent"
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label="Short name"
        hint="Its calls send it in x-aos-agent-id. It cannot be changed: support-bot"
        autoFocus
        value={slug}
        error={tried && slug.trim() === '' ? 'Give it a short name.' : null}
        onChange={(event) => setSlug(event.target.value)}
      />
      <TextField label="Name" value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
      <OwnerField value={owner} onChange={setOwner} />
      <SelectField
        label="Project"
        value={project}
        choices={open.map(({ id, slug: value }) => ({ value: id, name: value }))}
        onChoose={setProject}
      />
    </FormDialog>
  );
}
