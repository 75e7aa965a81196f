import { Link } from 'wouter';
import { type Item, useApi } from '../../api.ts';
import { fillOf, forecastOf, type Gauge, gaugesOf, isOfRuns, type Limit } from '../../parts/gauge.ts';
import { type Source, Trouble } from '../../parts/Trouble.tsx';
import { hrefOf } from '../../paths.ts';
import { amountText, percentText, relativeText } from '../../ui/format.ts';
import { Meter } from '../../ui/Meter.tsx';
import { Section } from '../../ui/Page.tsx';
import { Loading } from '../../ui/States.tsx';
import { useNow } from '../../ui/Time.tsx';
import styles from './Overview.module.css';

const shown = 6;

interface Target {
  kind: string;
  ids?: readonly string[];
}

interface Props {
  limits: Source<{ items: readonly Limit[] }>;
  policies: readonly Item<'listPolicies'>[];
}

/** Limits on money that last longer than a run: those of projects first, then the tightest. */
export function MoneyLimits({ limits, policies }: Props) {
  const targets = new Map(policies.map(({ id, target }) => [id, target as Target]));
  const lasting = (limits.data?.items ?? []).filter((limit) => limit.unit === 'usd' && !isOfRuns(limit));
  const bars = lasting
    .flatMap((limit) => gaugesOf(limit).map((gauge) => ({ limit, gauge, target: targets.get(limit.policy_id) })))
    .sort((a, b) => rank(b) - rank(a));
  return (
    <Section title="Spend against budgets" aside={<Link href="/limits">All limits</Link>}>
      <Trouble what="The limits could not be loaded" of={[limits]} />
      {!limits.data && !limits.isError && <Loading what="the limits" rows={3} />}
      {limits.data && bars.length === 0 && (
        <p className="quiet">
          No budget: spend is unlimited. <Link href="/policies/new?template=daily-cap">Make a daily cap</Link>
        </p>
      )}
      <ul className={styles.money}>
        {bars.slice(0, shown).map((bar) => (
          <BarLine key={`${bar.limit.id} ${bar.gauge.subject}`} {...bar} />
        ))}
      </ul>
      {bars.length > 0 && <WithoutLimit targets={lasting.map((limit) => targets.get(limit.policy_id))} />}
    </Section>
  );
}

interface Bar {
  limit: Limit;
  gauge: Gauge;
  target: Target | undefined;
}

function rank({ limit, gauge, target }: Bar): number {
  const { used, held } = fillOf(gauge, limit);
  return (target?.kind === 'project' ? 1_000 : 0) + Math.min(999, used + held);
}

function BarLine({ limit, gauge, target }: Bar) {
  const now = useNow();
  const { used, held, tone } = fillOf(gauge, limit);
  const forecast = forecastOf(gauge, now);
  const share = percentText(used + held);
  const heads_for = forecast === undefined ? null : percentText(forecast);
  const resets = gauge.resets_at ? `resets ${relativeText(Date.parse(gauge.resets_at), now)}` : 'never resets';
  return (
    <li>
      <Link href={hrefOf(limit.policy_id)} className="cut">
        {target?.kind === 'project' && `${target.ids?.join(', ')}: `}
        {limit.policy_name}
        {gauge.subject !== '*' && ` · ${gauge.subject}`}
      </Link>
      <span className="quiet">
        {amountText(gauge.posted, 'usd')}
        {Number(gauge.pending) > 0 && ` + ${amountText(gauge.pending, 'usd')}`} / {amountText(gauge.cap, 'usd')}
      </span>
      <Meter
        used={used}
        held={held}
        tone={tone}
        ticks={limit.alert_tiers.map((tier) => tier / 100)}
        forecast={forecast}
        label={limit.policy_name}
      />
      <span className="quiet" title={resets}>
        {share}
        {heads_for === null || heads_for === share ? `, ${resets}` : `, heads for ${heads_for}`}
      </span>
    </li>
  );
}

/** Projects that no limit on money names; one for all runs is one for all of them. */
function WithoutLimit({ targets }: { targets: readonly (Target | undefined)[] }) {
  const projects = useApi('listProjects', { query: { limit: 200 } }, { staleTime: 60_000 });
  if (targets.some((target) => target?.kind === 'all_runs')) return null;
  const named = new Set(targets.flatMap((target) => (target?.kind === 'project' ? (target.ids ?? []) : [])));
  const without = (projects.data?.items ?? []).filter(
    ({ id, slug, retired_at }) => retired_at === null && !named.has(id) && !named.has(slug),
  );
  if (without.length === 0) return null;
  return <p className="quiet">Without a budget of their own: {without.map(({ slug }) => slug).join(', ')}</p>;
}
