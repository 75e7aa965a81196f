import { naming } from '@aos/core/activity/named.ts';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { useLive } from '../../live.tsx';
import { DatedEffectBars, effectWords } from '../../parts/EffectBars.tsx';
import { gaugesOf } from '../../parts/gauge.ts';
import { LimitRow } from '../../parts/LimitRow.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Meter } from '../../ui/Meter.tsx';
import { Columns, Panel, Section } from '../../ui/Page.tsx';
import { Loading } from '../../ui/States.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { PolicyExamples } from './PolicyExamples.tsx';
import { PolicyExceptions } from './PolicyExceptions.tsx';
import { PolicyMatches } from './PolicyMatches.tsx';
import { PolicyRows } from './PolicyRows.tsx';
import { PolicyShadow } from './PolicyShadow.tsx';

type Policy = Answer<'getPolicy'>;

const days = 30;

/** How full its limits are, what it did in the last month, and whom it met. */
export function PolicyEffect({ of }: { of: Policy }) {
  const limits = useApi('listLimits', { query: { policy_id: of.id } });
  const effects = useEffects(of.id);
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
      <Columns>
        <Month of={of} effects={effects} />
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
                ['In force since', of.activated_at && <Instant key="in" at={of.activated_at} />],
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

function useEffects(policy_id: string) {
  const { state } = useLive();
  return useApi(
    'listPolicyEffects',
    { query: { days, policy_id, is_synthetic: 'all' } },
    { staleTime: 10_000, refetchInterval: state === 'paused' ? false : 10_000 },
  );
}

interface MonthProps {
  of: Policy;
  effects: ReturnType<typeof useEffects>;
}

function Month({ of, effects }: MonthProps) {
  const one = effects.data?.items[0];
  const agents = effects.data?.by_agent ?? [];
  const most = Math.max(1, ...agents.map(metBy));
  return (
    <Section title={`Last ${days} days`} aside={one && <span className="quiet">{effectWords(one)}</span>}>
      <Panel>
        {effects.isPending && <Loading what="what it did" rows={3} />}
        {effects.data && !one && <p className="quiet">No control of it fired in {days} days.</p>}
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
