import { naming } from '@aos/core/activity/named.ts';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { useLive } from '../../live.tsx';
import { DatedEffectBars, effectWords } from '../../parts/EffectBars.tsx';
import { gaugesOf } from '../../parts/gauge.ts';
import { LimitRow } from '../../parts/LimitRow.tsx';
import { Status } from '../../ui/Chip.tsx';
import { type Facet, type Filtering, Filters } from '../../ui/Filters.tsx';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Meter } from '../../ui/Meter.tsx';
import { Columns, Panel, Section } from '../../ui/Page.tsx';
import { Loading } from '../../ui/States.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { useUrlFilters } from '../../url-state.ts';
import { PolicyExamples } from './PolicyExamples.tsx';
import { PolicyExceptions } from './PolicyExceptions.tsx';
import { PolicyMatches } from './PolicyMatches.tsx';
import { PolicyRows } from './PolicyRows.tsx';
import { PolicyShadow } from './PolicyShadow.tsx';

type Policy = Answer<'getPolicy'>;

const most_versions = 50;

const narrowing = ['days', 'version', 'only'] as const;

/** What the calls that it acted on can be narrowed to; the newest versions are offered, any can be written. */
const facetsOf = ({ version }: Policy): Facet[] => [
  { name: 'days', label: 'Days', choices: ['7', '30', '90'], takes_one: true },
  {
    name: 'version',
    label: 'Version',
    choices: Array.from({ length: Math.min(version, most_versions) }, (_, nth) => String(version - nth)),
    takes_one: true,
  },
  { name: 'only', label: 'Only', choices: ['stopped'], takes_one: true },
];

/** How full its limits are, what it did in the last month, and whom it met. */
export function PolicyEffect({ of }: { of: Policy }) {
  const limits = useApi('listLimits', { query: { policy_id: of.id } });
  const [values, setValues] = useUrlFilters(narrowing);
  const { days, effects } = useEffects(of.id, values);
  return (
    <>
      {of.warnings.map((warning) => (
        <Status key={warning} tone="warn" glyph="triangle">
          <span style={{ whiteSpace: 'normal' }}>{warning}</span>
        </Status>
      ))}
      {of.status === 'active' && of.mode === 'shadow' && <PolicyShadow id={of.id} />}
      {limits.data && limits.data.items.length > 0 && (
        <Section
          title="Its limits now"
          aside={<Link href={`/limits?limit=${limits.data.items[0]?.id}`}>Burn-down</Link>}
        >
          <Panel>
            {limits.data.items.flatMap((limit) =>
              gaugesOf(limit).map((gauge) => (
                <LimitRow key={`${limit.id} ${gauge.subject}`} limit={limit} gauge={gauge} />
              )),
            )}
          </Panel>
        </Section>
      )}
      <PolicyExceptions id={of.id} />
      <div>
        <Filters facets={facetsOf(of)} values={values} onChange={setValues} />
      </div>
      <Columns>
        <Month of={of} days={days} effects={effects} />
        <Section title="Facts">
          <Panel>
            <KeyValue
              of={[
                ['Policy', <Id key="id" id={of.id} />],
                ['Owner', of.owner],
                ['Description', of.description],
                [
                  'Kept in',
                  of.managed_by && `${of.managed_by.slug}${of.managed_by.drifted ? ', changed by hand since' : ''}`,
                ],
                ['Made', <Instant key="made" at={of.created_at} />],
                [
                  of.start_at ? 'Activated' : 'In force since',
                  of.activated_at && <Instant key="in" at={of.activated_at} />,
                ],
                ['Starts', of.start_at && <Instant key="starts" at={of.start_at} />],
                ['Ends by itself', of.expires_at && <Instant key="ends" at={of.expires_at} />],
                ['Changed', <Time key="changed" at={of.updated_at} />],
              ]}
            />
          </Panel>
        </Section>
      </Columns>
      <PolicyExamples of={effects.data?.examples ?? []} />
    </>
  );
}

/** A number that somebody wrote into the address; undefined: it is none. */
const wholeOf = (text: string | undefined): number | undefined =>
  /^[1-9]\d?\d?$/.test(text ?? '') ? Number(text) : undefined;

function useEffects(policy_id: string, values: Filtering) {
  const { state } = useLive();
  const days = Math.min(90, wholeOf(values.days?.[0]) ?? 30);
  const version = wholeOf(values.version?.[0]);
  const only = values.only?.includes('stopped') ? ('stopped' as const) : undefined;
  const narrowed = { ...(version && { version }), ...(only && { only }) };
  const effects = useApi(
    'listPolicyEffects',
    { query: { days, policy_id, is_synthetic: 'all', ...narrowed } },
    {
      staleTime: 10_000,
      refetchInterval: state === 'paused' ? false : 10_000,
      placeholderData: (before) => before,
    },
  );
  return { days, effects };
}

interface MonthProps {
  of: Policy;
  days: number;
  effects: ReturnType<typeof useEffects>['effects'];
}

function Month({ of, days, effects }: MonthProps) {
  const one = effects.data?.items[0];
  const agents = effects.data?.by_agent ?? [];
  const most = Math.max(1, ...agents.map(metBy));
  return (
    <Section title={`Last ${days} days`} aside={one && <span className="quiet">{effectWords(one)}</span>}>
      <Panel>
        {effects.isPending && <Loading what="what it did" rows={3} />}
        {effects.data && !one && <p className="quiet">No control of it fired on such a call in {days} days.</p>}
        {effects.data && <PolicyMatches of={of} />}
        {one && (
          <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: 14 }}>
            <DatedEffectBars
              days={one.days}
              count={days}
              width={640}
              height={96}
              label={`Day by day: ${effectWords(one)}`}
            />
            <h3>Whom it met</h3>
            <PolicyRows columns="minmax(0, 160px) minmax(40px, 120px) minmax(0, 1fr)">
              {agents.map((met) => (
                <li key={met.agent_id ?? 'none'}>
                  {met.agent_slug ? (
                    <Link href={`/incidents?agent=${encodeURIComponent(naming(met.agent_slug))}&policy=${of.id}`}>
                      {met.agent_slug}
                    </Link>
                  ) : (
                    <span className="faint">no agent named</span>
                  )}
                  <span style={{ flex: '1 1 60px' }}>
                    <Meter used={metBy(met) / most} label={`${met.agent_slug ?? 'no agent'}: ${effectWords(met)}`} />
                  </span>
                  <span className="quiet">{effectWords(met)}</span>
                </li>
              ))}
            </PolicyRows>
          </div>
        )}
      </Panel>
    </Section>
  );
}

type Met = Answer<'listPolicyEffects'>['by_agent'][number];

const metBy = ({ stopped, warned, shadow }: Met): number => Number(stopped) + Number(warned) + Number(shadow);
