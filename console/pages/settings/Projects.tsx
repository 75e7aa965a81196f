import { useState } from 'react';
import { Link } from 'wouter';
import { type Item, useAct } from '../../api.ts';
import { BoundBy, BoundList } from '../../parts/BoundBy.tsx';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { Fullness, useFullness } from '../../parts/fullness.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { OwnerField } from '../../parts/OwnerField.tsx';
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
import { TwoPeopleActs, TwoPeopleState } from './TwoPeople.tsx';

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

const columnsOf = (fullness: ReadonlyMap<string, number>): Column<Project>[] => [
  { id: 'state', title: 'State', width: '104px', cell: (row) => <ProjectState of={row} /> },
  { id: 'slug', title: 'Project', width: 'minmax(140px, 1fr)', cell: (row) => row.slug },
  { id: 'name', title: 'Name', width: 'minmax(140px, 1fr)', cell: (row) => row.name },
  {
    id: 'owner',
    title: 'Owner',
    width: '112px',
    cell: (row) => row.owner ?? <span className="faint">–</span>,
  },
  {
    id: 'policies',
    title: 'Bound by',
    width: 'minmax(140px, 1.2fr)',
    cell: (row) => <BoundBy of={row.policies} />,
  },
  {
    id: 'own_limit',
    title: 'Own limit',
    width: '104px',
    cell: (row) => <Fullness of={ownLimitOf(row, fullness)} label="Used of its fullest limit" />,
  },
  {
    id: 'register',
    title: 'New agents',
    width: '136px',
    cell: (row) => (row.auto_register ? 'by their first call' : 'by hand only'),
  },
  {
    id: 'bound',
    title: 'Output bound',
    width: '96px',
    spare: true,
    align: 'end',
    cell: (row) => exactText(row.default_output_bound),
  },
  {
    id: 'content',
    title: 'Content',
    width: '104px',
    spare: true,
    cell: (row) => (row.content_mode === 'none' ? 'hash only' : row.content_mode),
  },
  { id: 'made', title: 'Made', width: '112px', align: 'end', cell: (row) => <Time at={row.created_at} /> },
];

/** How full the fullest limit is that is about it and not about all runs; undefined: there is none. */
function ownLimitOf({ policies }: Project, fullness: ReadonlyMap<string, number>): number | undefined {
  const own = policies.first.flatMap(({ id, by }) => (by === 'project' ? (fullness.get(id) ?? []) : []));
  return own.length > 0 ? Math.max(...own) : undefined;
}

const no_facets: never[] = [];

/** What runs are counted and seen by. */
export function Projects() {
  const [making, setMaking] = useState(false);
  const fullness = useFullness();
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
        columns={columnsOf(fullness)}
        least={1040}
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
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
          <Button small disabled={!may} onClick={() => setChanging(true)}>
            Change…
          </Button>
          <TwoPeopleActs of={of} />
        </div>
      )}
      {changing && <ChangeProject of={of} onClose={() => setChanging(false)} />}
      <KeyValue
        of={[
          ['Project', <Id key="id" id={of.id} />],
          ['Name', of.name],
          ['Owner', of.owner],
          ['New agents', of.auto_register ? 'registered by their first call' : 'refused until they are registered'],
          ['Output bound', `${exactText(of.default_output_bound)} tokens when a call under a limit names none`],
          ['Content', of.content_mode === 'none' ? 'never stored; its hash is' : of.content_mode],
          ['Two people', <TwoPeopleState key="two" of={of} />],
          ['Scenario', of.synthetic_scenario_id],
          ['Made', <Instant key="at" at={of.created_at} />],
        ]}
      />
      <h3>Policies that bind it</h3>
      <BoundList of={of.policies} />
      {of.policies.total === 0 && <p className="quiet">None: nothing limits what it calls.</p>}
      <p style={{ display: 'flex', gap: 16, flexWrap: 'wrap' }}>
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
        hint="Used in addresses and filters, and cannot be changed: checkout"
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
  const [owner, setOwner] = useState(of.owner ?? '');
  const [register, setRegister] = useState(of.auto_register);
  const [bound, setBound] = useState(String(of.default_output_bound));
  const submit = () =>
    change.mutate(
      {
        params: { id: of.id },
        body: {
          ...{ name: name.trim(), owner: owner.trim() || null },
          ...{ auto_register: register, default_output_bound: Number(bound) },
        },
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
      <OwnerField value={owner} onChange={setOwner} />
      <CheckField
        label="Register agents by their first call"
        hint="Otherwise a call in the name of an unknown agent is refused."
        checked={register}
        onChange={setRegister}
      />
      <TextField
        label="Output bound, in tokens"
        hint="Used for calls under a limit that set none, so that one call cannot reserve a whole budget."
        inputMode="numeric"
        value={bound}
        onChange={(event) => setBound(event.target.value)}
      />
    </FormDialog>
  );
}
