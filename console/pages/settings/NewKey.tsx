import { useState } from 'react';
import { type Answer, useAct, useApi } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { NamesField } from '../../parts/NamesField.tsx';
import { SecretDialog } from '../../parts/SecretDialog.tsx';
import { useSession } from '../../parts/session.ts';
import { chosenProject } from '../../project.ts';
import { SelectField, TextField } from '../../ui/Field.tsx';

const roles = [
  { value: 'service', name: 'Service: makes calls, reads nothing' },
  { value: 'viewer', name: 'Viewer: reads what ran' },
  { value: 'auditor', name: 'Auditor: reads, logs too' },
  { value: 'operator', name: 'Operator: pauses, kills, acknowledges' },
  { value: 'approver', name: 'Approver: answers and activates' },
  { value: 'policy_author', name: 'Policy author: writes policies' },
  { value: 'admin', name: 'Admin: all but other tenants' },
  { value: 'owner', name: 'Owner: everything' },
];

const lives = [
  { value: '', name: 'Never' },
  { value: '7', name: 'In 7 days' },
  { value: '30', name: 'In 30 days' },
  { value: '90', name: 'In 90 days' },
  { value: '365', name: 'In a year' },
];
const day_ms = 86_400_000;

/** Makes a key and shows it this once. */
export function NewKey({ onClose }: { onClose: () => void }) {
  const create = useAct('createApiKey');
  const [made, setMade] = useState<Answer<'createApiKey'> | null>(null);
  const form = useKeyForm();
  if (made)
    return (
      <SecretDialog
        title={`The key ${made.name}`}
        about="This is the only time it is shown."
        secret={made.secret}
        usage={`export OPENAI_BASE_URL=${window.location.origin}/v1\nexport OPENAI_API_KEY=${made.secret}`}
        onClose={onClose}
      />
    );
  const submit = () => {
    form.setTried(true);
    if (form.body.name !== '') create.mutate({ body: form.body }, { onSuccess: setMade });
  };
  return (
    <FormDialog
      title="New key"
      about="For a program that calls, or for a person who signs in here."
      verb="Make the key"
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {form.fields}
    </FormDialog>
  );
}

function useKeyForm() {
  const session = useSession();
  const projects = useApi('listProjects', { query: { limit: 200 } });
  const agents = useApi('listAgents', { query: { limit: 200 } });
  const [tried, setTried] = useState(false);
  const [name, setName] = useState('');
  const [role, setRole] = useState('service');
  const [chosen, setProject] = useState<string | null>(null);
  // What is made is found in the list it was made from.
  const listed = projects.data?.items.find(({ slug }) => slug === chosenProject())?.id;
  const project = chosen ?? listed ?? session.project?.id ?? '';
  const [bound, setBound] = useState<readonly string[]>([]);
  const [days, setDays] = useState('');
  const body = {
    name: name.trim(),
    role: role as 'service',
    project_id: project === '' ? null : project,
    agent_ids: [...bound],
    ...(days !== '' && { expires_at: new Date(Date.now() + Number(days) * day_ms).toISOString() }),
  };
  const fields = (
    <>
      <TextField
        label="Name"
        hint="Where it is used: support-bot in production"
        autoFocus
        maxLength={200}
        value={name}
        error={tried && name.trim() === '' ? 'Give it a name.' : null}
        onChange={(event) => setName(event.target.value)}
      />
      <SelectField label="Role" value={role} choices={roles} onChoose={setRole} />
      <SelectField
        label="Project"
        value={project}
        choices={[
          { value: '', name: 'The whole tenant' },
          ...(projects.data?.items ?? []).map(({ id, slug }) => ({ value: id, name: slug })),
        ]}
        onChoose={setProject}
      />
      <NamesField
        label="May call as"
        hint="Agents it is bound to. None: any agent, and what its caller says is only a claim."
        names={bound}
        suggestions={(agents.data?.items ?? []).map(({ slug }) => ({ value: slug, name: slug }))}
        onChange={setBound}
      />
      <SelectField label="Expires" value={days} choices={lives} onChoose={setDays} />
    </>
  );
  return { body, fields, setTried };
}
