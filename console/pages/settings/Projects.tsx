import { useState } from 'react';
import { Link } from 'wouter';
import { type Item, useAct } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { CheckField } from '../../parts/RadioField.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { useMay } from '../../parts/session.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { TextField } from '../../ui/Field.tsx';
import { exactText } from '../../ui/format.ts';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';

type Project = Item<'listProjects'>;

function ProjectState({ of }: { of: Project }) {
  if (of.retired_at) return <Status glyph="circle">Retired</Status>;
  if (of.synthetic_scenario_id)
    return (
      <Status tone="shadow" glyph="flag" title="All that happens in it is marked synthetic">
        Synthetic
      </Status>
    );
  return (
    <Status tone="info" glyph="dot">
      In use
    </Status>
  );
}

const columns: readonly Column<Project>[] = [
  { id: 'state', title: 'State', width: '104px', cell: (row) => <ProjectState of={row} /> },
  { id: 'slug', title: 'Project', width: 'minmax(140px, 1fr)', cell: (row) => row.slug },
  { id: 'name', title: 'Name', width: 'minmax(140px, 1fr)', cell: (row) => row.name },
  {
    id: 'register',
    title: 'New agents',
    width: '160px',
    cell: (row) => (row.auto_register ? 'by their first call' : 'by hand only'),
  },
  {
    id: 'bound',
    title: 'Output bound',
    width: '112px',
    align: 'end',
    cell: (row) => exactText(row.default_output_bound),
  },
  {
    id: 'content',
    title: 'Content',
    width: '104px',
    cell: (row) => (row.content_mode === 'none' ? 'hash only' : row.content_mode),
  },
  { id: 'made', title: 'Made', width: '112px', align: 'end', cell: (row) => <Time at={row.created_at} /> },
];

const no_facets: never[] = [];

/** What runs are counted and seen by. */
export function Projects() {
  const [making, setMaking] = useState(false);
  return (
    <SettingsPage
      title="Projects"
      full
      act={{ verb: 'New project', denied: 'Your key may not make projects', onChoose: () => setMaking(true) }}
    >
      <ListView
        of="listProjects"
        label="Projects"
        facets={no_facets}
        columns={columns}
        least={900}
        keyOf={(row) => row.id}
        peek={(row) => <ProjectPeek of={row} />}
        peekTitle={(row) => row.slug}
        empty={<Empty title="No project">Runs, keys and agents belong to a project.</Empty>}
      />
      {making && <NewProject onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}

function ProjectPeek({ of }: { of: Project }) {
  const may = useMay('administer');
  const [changing, setChanging] = useState(false);
  return (
    <>
      {!of.retired_at && (
        <div>
          <Button small disabled={!may} onClick={() => setChanging(true)}>
            Change…
          </Button>
        </div>
      )}
      {changing && <ChangeProject of={of} onClose={() => setChanging(false)} />}
      <KeyValue
        of={[
          ['Project', <Id key="id" id={of.id} />],
          ['Name', of.name],
          ['New agents', of.auto_register ? 'registered by their first call' : 'refused until they are registered'],
          ['Output bound', `${exactText(of.default_output_bound)} tokens when a call under a limit names none`],
          ['Content', of.content_mode === 'none' ? 'never stored; its hash is' : of.content_mode],
          ['Scenario', of.synthetic_scenario_id],
          ['Made', <Instant key="at" at={of.created_at} />],
        ]}
      />
      <p style={{ display: 'flex', gap: 16 }}>
        <Link href={`/activity/completed?project=${of.slug}`}>Its runs</Link>
        <Link href={`/incidents?project=${of.slug}`}>Its incidents</Link>
        <Link href={`/settings/api-keys?project=${of.slug}`}>Its keys</Link>
      </p>
    </>
  );
}

function NewProject({ onClose }: { onClose: () => void }) {
  const create = useAct('createProject');
  const toast = useToast();
  const [slug, setSlug] = useState('');
  const [name, setName] = useState('');
  const [tried, setTried] = useState(false);
  const submit = () => {
    setTried(true);
    if (slug.trim() === '') return;
    create.mutate(
      { body: { slug: slug.trim(), ...(name.trim() !== '' && { name: name.trim() }) } },
      {
        onSuccess: (project) => {
          toast(`The project ${project.slug} is made`);
          onClose();
        },
      },
    );
  };
  return (
    <FormDialog
      title="New project"
      verb="Make the project"
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField
        label="Short name"
        hint="Stands in addresses and filters, and stays: checkout"
        autoFocus
        value={slug}
        error={tried && slug.trim() === '' ? 'Give it a short name.' : null}
        onChange={(event) => setSlug(event.target.value)}
      />
      <TextField label="Name" value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
    </FormDialog>
  );
}

function ChangeProject({ of, onClose }: { of: Project; onClose: () => void }) {
  const change = useAct('changeProject');
  const toast = useToast();
  const [name, setName] = useState(of.name);
  const [register, setRegister] = useState(of.auto_register);
  const [bound, setBound] = useState(String(of.default_output_bound));
  const submit = () =>
    change.mutate(
      {
        params: { id: of.id },
        body: { name: name.trim(), auto_register: register, default_output_bound: Number(bound) },
      },
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
      <CheckField
        label="Register agents by their first call"
        hint="Else a call in the name of an agent that is not known is refused."
        checked={register}
        onChange={setRegister}
      />
      <TextField
        label="Output bound, in tokens"
        hint="Sent with calls under a limit that name none, so that one careless call does not hold a whole budget."
        inputMode="numeric"
        value={bound}
        onChange={(event) => setBound(event.target.value)}
      />
    </FormDialog>
  );
}
