import { Link } from 'wouter';
import { fillOf, gaugesOf, type Limit } from '../../parts/gauge.ts';
import { hrefOf } from '../../paths.ts';
import { amountText, percentText, relativeText } from '../../ui/format.ts';
import { Meter } from '../../ui/Meter.tsx';
import { Section } from '../../ui/Page.tsx';
import { useNow } from '../../ui/Time.tsx';
import styles from './Overview.module.css';

const shown = 6;

/** Limits on money that last longer than a run, the tightest first. */
export function MoneyLimits({ limits }: { limits: readonly Limit[] }) {
  const now = useNow();
  const bars = limits
    .filter(({ unit, count_per }) => unit === 'usd' && count_per !== 'run')
    .flatMap((limit) => gaugesOf(limit).map((gauge) => ({ limit, gauge, fill: fillOf(gauge, limit) })))
    .sort((a, b) => b.fill.used + b.fill.held - a.fill.used - a.fill.held);
  return (
    <Section title="Spend against budgets" aside={<Link href="/limits">All limits</Link>}>
      {bars.length === 0 && (
        <p className="quiet">
          No budget: spend is unlimited. <Link href="/policies/new?template=daily-cap">Make a daily cap</Link>
        </p>
      )}
      <ul className={styles.money}>
        {bars.slice(0, shown).map(({ limit, gauge, fill }) => (
          <li key={`${limit.id} ${gauge.subject}`}>
            <Link href={hrefOf(limit.policy_id)} className="cut">
              {limit.policy_name}
              {gauge.subject !== '*' && ` · ${gauge.subject}`}
            </Link>
            <span className="quiet">
              {amountText(gauge.posted, 'usd')}
              {Number(gauge.pending) > 0 && ` + ${amountText(gauge.pending, 'usd')}`} / {amountText(gauge.cap, 'usd')}
            </span>
            <Meter
              used={fill.used}
              held={fill.held}
              tone={fill.tone}
              ticks={limit.alert_tiers.map((tier) => tier / 100)}
              label={limit.policy_name}
            />
            <span className="quiet">
              {percentText(fill.used + fill.held)}
              {gauge.resets_at && `, resets ${relativeText(Date.parse(gauge.resets_at), now)}`}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
