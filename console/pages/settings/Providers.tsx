import { naming } from '@aos/core/activity/named.ts';
import { useState } from 'react';
import { Link } from 'wouter';
import { type Answer, type Item, useAct, useApi } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { NamesField } from '../../parts/NamesField.tsx';
import { RadioField } from '../../parts/RadioField.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { Status } from '../../ui/Chip.tsx';
import { TextField } from '../../ui/Field.tsx';
import { durationText, exactText } from '../../ui/format.ts';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time, useNow } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
import { ProviderPeek } from './ProviderPeek.tsx';

type Provider = Item<'listProviders'>;

type Day = Answer<'getMetrics'>['by_provider'][number];

const day_ms = 86_400_000;
const minute_ms = 60_000;

/** What was asked of each provider in the last day, by its short name; undefined until it is known. */
function useDay(): ReadonlyMap<string | null, Day> | undefined {
  // To the minute, so that the question stays the same from one picture to the next.
  const from = new Date(Math.floor((useNow() - day_ms) / minute_ms) * minute_ms).toISOString();
  const day = useApi(
    'getMetrics',
    { query: { from, is_synthetic: 'all' } },
    { staleTime: minute_ms, placeholderData: (before) => before },
  );
  return day.data && new Map(day.data.by_provider.map((of) => [of.provider, of]));
}

const some_fail = 0.05;
const most_fail = 0.5;

/** Whether it answered what it was asked in the last day. */
function Health({ of }: { of: Day | undefined }) {
  const calls = Number(of?.calls ?? 0);
  if (calls === 0) return <span className="faint">no calls</span>;
  const failed = Number(of?.failed) / calls;
  const [tone, glyph] =
    failed >= most_fail
      ? (['crit', 'cross'] as const)
      : failed >= some_fail
        ? (['warn', 'triangle'] as const)
        : (['ok', 'check'] as const);
  return (
    <Status tone={tone} glyph={glyph} title={`${exactText(Number(of?.failed))} of ${exactText(calls)} calls failed`}>
      {shareText(failed)} failed
    </Status>
  );
}

const shareText = (part: number): string => (part > 0 && part < 0.01 ? '<1 %' : `${Math.round(part * 100)} %`);

const what_columns: readonly Column<Provider>[] = [
  {
    id: 'state',
    title: 'State',
    width: '88px',
    cell: (row) =>
      row.enabled ? (
        <Status tone="info" glyph="dot">
          In use
        </Status>
      ) : (
        <Status glyph="circle">Off</Status>
      ),
  },
  { id: 'slug', title: 'Provider', width: 'minmax(120px, 1fr)', cell: (row) => row.slug },
  { id: 'kind', title: 'Speaks', width: '104px', cell: (row) => row.kind },
  {
    id: 'url',
    title: 'Address',
    width: 'minmax(160px, 2fr)',
    cell: (row) => row.base_url ?? <span className="faint">built in</span>,
  },
  {
    id: 'secret',
    title: 'Key',
    width: '96px',
    cell: (row) => (row.has_secret ? 'kept sealed' : <span className="faint">none</span>),
  },
];

const columnsOf = (day: ReadonlyMap<string | null, Day> | undefined): Column<Provider>[] => [
  ...what_columns,
  {
    id: 'health',
    title: 'Health, 24 h',
    width: '112px',
    cell: (row) => day && <Health of={day.get(row.slug)} />,
  },
  {
    id: 'calls',
    title: 'Calls, 24 h',
    width: '88px',
    align: 'end',
    cell: (row) =>
      day && (
        <Link href={`/logs?provider=${encodeURIComponent(naming(row.slug))}&last=24h&is_synthetic=all`}>
          {exactText(Number(day.get(row.slug)?.calls ?? 0))}
        </Link>
      ),
  },
  {
    id: 'p95',
    title: 'p95, 24 h',
    width: '80px',
    align: 'end',
    cell: (row) => {
      const p95_ms = day?.get(row.slug)?.p95_duration_ms;
      return p95_ms === undefined || p95_ms === null ? <span className="faint">–</span> : durationText(p95_ms);
    },
  },
  {
    id: 'models',
    title: 'Own models',
    width: '88px',
    align: 'end',
    cell: (row) => row.models.length,
  },
  { id: 'changed', title: 'Changed', width: '96px', align: 'end', cell: (row) => <Time at={row.updated_at} /> },
];

const no_facets: never[] = [];

/** Where models come from. */
export function Providers() {
  const [making, setMaking] = useState(false);
  const day = useDay();
  return (
    <SettingsPage
      title="Providers"
      full
      act={{ verb: 'Add provider', denied: 'Your key may not add providers', onChoose: () => setMaking(true) }}
    >
      <ListView
        of="listProviders"
        label="Providers"
        facets={no_facets}
        columns={columnsOf(day)}
        least={1040}
        keyOf={(row) => row.id}
        peek={(row) => <ProviderPeek of={row} />}
        peekTitle={(row) => row.slug}
        empty={<Empty title="No provider">Add one, or use the built-in models mock-small and mock-large.</Empty>}
      />
      {making && <NewProvider onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}

const kinds = [
  { value: 'openai', name: 'OpenAI', hint: 'And everything that speaks its wire: vLLM, Ollama, LiteLLM, Azure.' },
  { value: 'anthropic', name: 'Anthropic', hint: 'The Messages wire.' },
];

function NewProvider({ onClose }: { onClose: () => void }) {
  const create = useAct('createProvider');
  const toast = useToast();
  const [kind, setKind] = useState('openai');
  const [slug, setSlug] = useState('openai');
  const [base_url, setUrl] = useState('');
  const [secret, setSecret] = useState('');
  const [models, setModels] = useState<readonly string[]>([]);
  const choose = (to: string) => {
    if (slug === kind) setSlug(to);
    setKind(to);
  };
  const submit = () =>
    create.mutate(
      {
        body: {
          slug: slug.trim(),
          kind: kind as 'openai',
          ...(base_url.trim() !== '' && { base_url: base_url.trim() }),
          ...(secret !== '' && { secret }),
          models: [...models],
        },
      },
      {
        onSuccess: (made) => {
          toast(`${made.slug} is added. Send a test call to see that it answers.`);
          onClose();
        },
      },
    );
  return (
    <FormDialog
      title="Add provider"
      verb="Add"
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <RadioField label="Speaks" value={kind} options={kinds} onChoose={choose} />
      <TextField
        label="Short name"
        hint="Before the slash in model names: openai/gpt-4o"
        value={slug}
        onChange={(event) => setSlug(event.target.value)}
      />
      <TextField
        label="Address"
        hint="Empty: the provider's own"
        placeholder={kind === 'openai' ? 'https://api.openai.com/v1' : 'https://api.anthropic.com'}
        value={base_url}
        onChange={(event) => setUrl(event.target.value)}
      />
      <TextField
        label="Secret"
        hint="Kept sealed and never shown again."
        type="password"
        autoComplete="off"
        value={secret}
        onChange={(event) => setSecret(event.target.value)}
      />
      <NamesField
        label="Own models"
        hint="Models that the price book does not know. Enter adds one."
        names={models}
        onChange={setModels}
      />
    </FormDialog>
  );
}
