import { Lock } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import { type Answer, type Item, useApi } from '../../api.ts';
import { useLive } from '../../live.tsx';
import { control_types } from '../../parts/control-types.ts';
import { EffectBars, effectWords } from '../../parts/EffectBars.tsx';
import { Fullness, useFullness } from '../../parts/fullness.tsx';
import { authorWords } from '../../parts/key-names.ts';
import { ListView } from '../../parts/ListView.tsx';
import { templates } from '../../parts/policy-templates.ts';
import { useMay } from '../../parts/session.ts';
import { consequenceOf, plainWords, policyState, State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Button } from '../../ui/Button.tsx';
import { exactText } from '../../ui/format.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Library.module.css';

type Row = Item<'listPolicies'>;

type Effect = Answer<'listPolicyEffects'>['items'][number];

type Evaluated = Answer<'listEvaluated'>['items'][number];

/** What stands elsewhere about policies, by their ids. */
interface About {
  effects: ReadonlyMap<string, Effect>;
  evaluated: ReadonlyMap<string, Evaluated>;
  fullness: ReadonlyMap<string, number>;
  may_write: boolean;
}

const days = 7;

/** Several controls of one policy may do the same. */
const eachOnce = (words: readonly string[]): string => [...new Set(words)].join(', ');

const what_columns: readonly Column<Row>[] = [
  {
    id: 'target',
    title: 'Target',
    width: 'minmax(92px, 0.8fr)',
    from: 1160,
    cell: ({ target }) => (
      <span className={styles.two} title={(target.ids ?? []).join(', ')}>
        <span className="quiet">{plainWords(target.kind)}</span> {target.ids?.[0]}
        {(target.ids?.length ?? 0) > 1 && <span className="quiet"> +{(target.ids?.length ?? 0) - 1}</span>}
      </span>
    ),
  },
  {
    id: 'allows',
    title: 'Limit',
    width: 'minmax(128px, 1.2fr)',
    from: 1100,
    cell: ({ allows }) => (
      <span className={styles.two} title={allows.join('\n')}>
        {eachOnce(allows)}
      </span>
    ),
  },
  {
    id: 'control',
    title: 'Control',
    width: '104px',
    spare: true,
    cell: (row) => eachOnce(row.controls.map(({ limit, rule }) => plainWords(limit?.type ?? rule?.type ?? ''))),
  },
  {
    id: 'action',
    title: 'Action',
    width: '72px',
    from: 1100,
    cell: (row) => eachOnce(row.controls.map(({ action }) => consequenceOf(action))),
  },
];

/** A draft is gone on with; it has done nothing that its page could tell. */
const hrefTo = ({ id, status }: Row, may_write: boolean): string =>
  status === 'draft' && may_write ? `${hrefOf(id)}/edit` : hrefOf(id);

/** When it became what it is, by whom and why. */
function LastChange({ of }: { of: Row }) {
  const who = authorWords(of.updated_by, of.updated_by_name);
  return (
    <div className={styles.two} title={`v${of.version}, by ${who}: ${of.updated_because ?? 'no reason was given'}`}>
      v{of.version} <Time at={of.updated_at} />{' '}
      <span className="quiet">
        {who}
        {of.updated_because !== null && `: ${of.updated_because}`}
      </span>
    </div>
  );
}

/** How many calls it evaluated, and what it did to them day by day. */
function Week({ of, about: { effects, evaluated } }: { of: Row; about: About }) {
  const effect = effects.get(of.id);
  const looked = evaluated.get(of.id);
  const words = evaluatedWords(looked);
  return (
    <div className={styles.two}>
      <EffectBars
        days={effect?.days ?? []}
        count={days}
        width={72}
        height={18}
        label={`${words ?? 'evaluated: not known'}; ${effect ? effectWords(effect) : 'nothing'} in ${days} days`}
      />
      <span className="quiet number" title={looked && `Calls of models that it evaluated since ${looked.since}`}>
        {words ?? <span className="faint">–</span>}
      </span>
    </div>
  );
}

function evaluatedWords(of: Evaluated | undefined): string | null {
  if (of === undefined || of.evaluated === null) return null;
  return `${of.evaluated_is_exact ? '' : '≥ '}${exactText(Number(of.evaluated))} ${of.evaluated === 1 ? 'call' : 'calls'}`;
}

const columnsOf = (about: About): Column<Row>[] => [
  {
    id: 'state',
    title: 'State',
    width: '92px',
    cell: (row) => <State of="policy" state={policyState(row, Date.now())} bare />,
  },
  {
    id: 'name',
    title: 'Name and what it does',
    width: 'minmax(240px, 3fr)',
    cell: (row) => <Named of={row} may_write={about.may_write} />,
  },
  ...what_columns,
  { id: 'week', title: `${days} days`, width: '96px', cell: (row) => <Week of={row} about={about} /> },
  {
    id: 'room',
    title: 'Used now',
    width: '68px',
    cell: (row) => <Fullness of={about.fullness.get(row.id)} label="Used of its fullest limit" />,
  },
  { id: 'owner', title: 'Owner', width: '80px', cell: (row) => row.owner ?? <span className="faint">none</span> },
  { id: 'changed', title: 'Last change', width: 'minmax(144px, 1fr)', cell: (row) => <LastChange of={row} /> },
];

/** Its name, where it is kept, and its sentence in two lines. */
function Named({ of, may_write }: { of: Row; may_write: boolean }) {
  return (
    <div className={styles.named}>
      <span className="cut">
        <Link href={hrefTo(of, may_write)}>{of.name}</Link>
        {of.managed_by && (
          <span className="quiet" title={keptWords(of.managed_by)}>
            {' '}
            <Lock size={12} aria-label={keptWords(of.managed_by)} style={{ verticalAlign: '-1px' }} />{' '}
            {of.managed_by.origin ?? of.managed_by.slug}
          </span>
        )}
      </span>
      <span className={styles.sentence} title={of.sentence}>
        {of.sentence}
      </span>
    </div>
  );
}

const keptWords = ({ slug, origin, drifted }: NonNullable<Row['managed_by']>): string =>
  `Managed by ${origin ?? slug}${drifted ? ', changed by hand since' : ''}`;

/** A policy in four lines, where the window is narrow. */
const foldedOf = (about: About) => ({
  below: 760,
  height: 96,
  cell: (row: Row) => (
    <div className={styles.folded}>
      <Named of={row} may_write={about.may_write} />
      <div>
        <State of="policy" state={policyState(row, Date.now())} bare />
        <span className="quiet">{eachOnce(row.controls.map(({ action }) => consequenceOf(action)))}</span>
        <span className="quiet number">{evaluatedWords(about.evaluated.get(row.id)) ?? `v${row.version}`}</span>
        <span style={{ flex: '1 1 40px' }}>
          <Fullness of={about.fullness.get(row.id)} label="Used of its fullest limit" />
        </span>
      </div>
    </div>
  ),
});

const facets = [
  { name: 'status', label: 'Status', choices: ['draft', 'active', 'disabled', 'retired'] },
  { name: 'mode', label: 'Mode', choices: ['enforce', 'shadow'] },
  { name: 'target_kind', label: 'Target', choices: ['all_runs', 'project', 'agent', 'api_key', 'actor'] },
  { name: 'control', label: 'Control', choices: control_types },
  { name: 'action', label: 'Action', choices: ['continue', 'warn', 'pause', 'block', 'kill'] },
  { name: 'unfired_days', label: 'Not fired for days', choices: ['7', '30', '90'], takes_one: true },
  { name: 'overshadowed_days', label: 'Overshadowed for days', choices: ['7', '30', '90'], takes_one: true },
  { name: 'source', label: 'Managed by', choices: ['manual', 'file', 'learned'] },
  { name: 'owner', label: 'Owner' },
  { name: 'q', label: 'Text', takes_one: true },
];

/** Counters are of now, unless the reader has stopped them. */
function useAbout(): Omit<About, 'may_write'> {
  const { state } = useLive();
  const every = (ms: number) => ({ staleTime: ms, refetchInterval: state === 'paused' ? (false as const) : ms });
  const effects = useApi('listPolicyEffects', { query: { days, is_synthetic: 'all' } }, every(10_000));
  const evaluated = useApi('listEvaluated', { query: { days, is_synthetic: 'all' } }, every(10_000));
  return {
    effects: new Map((effects.data?.items ?? []).map((of) => [of.policy_id, of])),
    evaluated: new Map((evaluated.data?.items ?? []).map((of) => [of.policy_id, of])),
    fullness: useFullness(),
  };
}

/** What controls exist, on whom, and whether they are in force. */
export function Library() {
  const may = useMay('write_policies');
  const about = { ...useAbout(), may_write: may };
  const [, navigate] = useLocation();
  return (
    <Page
      title="Policies"
      full
      actions={
        <>
          <Button onClick={() => navigate('/policies/explain')}>Explain a call</Button>
          <Button
            kind="primary"
            disabled={!may}
            title={may ? undefined : 'Your key may not write policies'}
            onClick={() => navigate('/policies/new')}
          >
            New policy
          </Button>
        </>
      }
    >
      <ListView
        of="listPolicies"
        label="Policies"
        facets={facets}
        columns={columnsOf(about)}
        height={64}
        folded={foldedOf(about)}
        least={900}
        keyOf={(row) => row.id}
        openHref={(row) => hrefTo(row, may)}
        empty={<NoPolicy />}
      />
    </Page>
  );
}

function NoPolicy() {
  return (
    <Empty title="No policy yet">
      <p>Spend is unlimited until one is active. Start from:</p>
      <ul>
        {Object.entries(templates).map(([word, { name }]) => (
          <li key={word}>
            <Link href={`/policies/new?template=${word}`}>{name}</Link>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
