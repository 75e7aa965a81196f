import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { countText, moneyText } from '../../ui/format.ts';
import { Section } from '../../ui/Page.tsx';
import styles from './Overview.module.css';

const minute_ms = 60_000;

interface Props {
  live: Answer<'listLiveRuns'> | undefined;
  day: Answer<'getMetrics'> | undefined;
}

/** Four numbers of this moment, each the way to its list. */
export function Now({ live, day }: Props) {
  const hour_ago = new Date(Math.floor(Date.now() / minute_ms - 60) * minute_ms).toISOString();
  const hour = useApi(
    'getMetrics',
    { query: { from: hour_ago, bucket: 'hour' } },
    { placeholderData: (before) => before },
  );
  const paused = live?.items.filter(({ hold }) => hold === 'paused').length;
  return (
    <Section title="Now">
      <dl className={styles.now}>
        <Figure name="running" href="/activity/live">
          {live && (live.total === null ? '≥ 10,000' : countText(live.total))}
        </Figure>
        <Figure name="paused" href="/activity/live">
          {paused}
        </Figure>
        <Figure name="spent in the last hour" href="/activity/metrics">
          {hour.data && moneyText(hour.data.totals.cost_usd, true)}
        </Figure>
        <Figure name="refused in 24 h" href="/activity/completed?status=failed_policy">
          {day && countText(day.totals.refused)}
        </Figure>
      </dl>
    </Section>
  );
}

function Figure({ name, href, children }: { name: string; href: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Link href={href}>
          {children ?? '…'} <span className="only-read">{name}: see the list</span>
        </Link>
      </dd>
    </div>
  );
}
