import { Link, useLocation } from 'wouter';
import { type Answer, type Item, useApi } from '../../api.ts';
import { EffectBars, effectWords } from '../../parts/EffectBars.tsx';
import { fillOf, gaugesOf } from '../../parts/gauge.ts';
import { ListView } from '../../parts/ListView.tsx';
import { templates } from '../../parts/policy-templates.ts';
import { useMay } from '../../parts/session.ts';
import { policyState, State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Button } from '../../ui/Button.tsx';
import { Meter } from '../../ui/Meter.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';

type Row = Item<'listPolicies'>;

type Effect = Answer<'listPolicyEffects'>['items'][number];

const days = 7;

const columnsOf = (effects: ReadonlyMap<string, Effect>, room: ReadonlyMap<string, number>): Column<Row>[] => [
  { id: 'state', title: 'State', width: '104px', cell: (row) => <State of="policy" state={policyState(row)} bare /> },
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(140px, 1fr)',
    cell: (row) => <Link href={hrefOf(row.id)}>{row.name}</Link>,
  },
  {
    id: 'sentence',
    title: 'What it does',
    width: 'minmax(240px, 3fr)',
    cell: (row) => (
      <span className="quiet" title={row.sentence}>
        {row.sentence}
      </span>
    ),
  },
  {
    id: 'week',
    title: `${days} days`,
    width: '84px',
    cell: (row) => {
      const of = effects.get(row.id);
      return (
        <EffectBars
          days={of?.days ?? []}
          count={days}
          width={72}
          height={18}
          label={of ? effectWords(of) : 'nothing'}
        />
      );
    },
  },
  {
    id: 'room',
    title: 'Used now',
    width: '88px',
    cell: (row) => {
      const used = room.get(row.id);
      if (used === undefined) return <span className="faint">–</span>;
      return (
        <Meter
          used={used}
          tone={used >= 1 ? 'crit' : used >= 0.9 ? 'warn' : 'info'}
          label="Used of its fullest limit"
        />
      );
    },
  },
  { id: 'owner', title: 'Owner', width: '88px', cell: (row) => row.owner ?? <span className="faint">none</span> },
  { id: 'version', title: 'Version', width: '64px', align: 'end', cell: (row) => `v${row.version}` },
  { id: 'changed', title: 'Changed', width: '104px', align: 'end', cell: (row) => <Time at={row.updated_at} /> },
];
const facets = [
  { name: 'status', label: 'Status', choices: ['draft', 'active', 'disabled', 'retired'] },
  { name: 'mode', label: 'Mode', choices: ['enforce', 'shadow'] },
  { name: 'target_kind', label: 'Target', choices: ['all_runs', 'project', 'agent', 'api_key', 'actor'] },
  { name: 'q', label: 'Text' },
];

/** What controls exist, on whom, and whether they are in force. */
export function Library() {
  const may = useMay('write_policies');
  const effects = useApi('listPolicyEffects', { query: { days, is_synthetic: 'all' } }, { staleTime: 10_000 });
  const limits = useApi('listLimits', { query: { status: 'active', limit: 200 } });
  const by_policy = new Map((effects.data?.items ?? []).map((of) => [of.policy_id, of]));
  const room = new Map<string, number>();
  for (const limit of limits.data?.items ?? [])
    for (const gauge of gaugesOf(limit)) {
      const { used, held } = fillOf(gauge, limit);
      room.set(limit.policy_id, Math.max(room.get(limit.policy_id) ?? 0, used + held));
    }
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
        columns={columnsOf(by_policy, room)}
        least={980}
        keyOf={(row) => row.id}
        openHref={(row) => hrefOf(row.id)}
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
