import { totalText } from '@aos/core/base/total.ts';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { type Source, Trouble } from '../../parts/Trouble.tsx';
import { countText, moneyText } from '../../ui/format.ts';
import { Section } from '../../ui/Page.tsx';
import styles from './Overview.module.css';
import type { Range } from './range.ts';

const minute_ms = 60_000;

interface Props {
  live: Source<Answer<'listLiveRuns'>>;
  paused: Source<Answer<'listLiveRuns'>>;
  range: Range;
  /** The figures of the range. */
  figures: Source<Answer<'getMetrics'>>;
  /** Whether the numbers count what a demo made; so do the lists that they lead to. */
  is_synthetic: 'all' | undefined;
}

/** Three numbers of this moment and one of the range, each the way to where it is told in full. */
export function Now({ live, paused, range, figures, is_synthetic }: Props) {
  const also = is_synthetic ? `is_synthetic=${is_synthetic}` : '';
  const hour_ago = new Date(Math.floor(Date.now() / minute_ms - 60) * minute_ms).toISOString();
  const hour = useApi(
    'getMetrics',
    { query: { from: hour_ago, bucket: 'hour', is_synthetic } },
    { placeholderData: (before) => before },
  );
  const runs = live.data;
  return (
    <Section title="Now">
      <Trouble what="Not all of these numbers could be loaded" of={[live, paused, figures, hour]} />
      <dl className={styles.now}>
        <Figure name="running" href={`/activity/live?${also}`}>
          {runs && totalText(runs)}
        </Figure>
        <Figure name="paused" href={`/activity/live?hold=paused&${also}`}>
          {paused.data && totalText(paused.data)}
        </Figure>
        <Figure name="spent in the last hour" href={`/activity/metrics?range=1h&${also}`}>
          {hour.data && moneyText(hour.data.totals.cost_usd, true)}
        </Figure>
        <Figure name={`calls refused ${range.said}`} href={`/activity/metrics?from=${range.from}&${also}`}>
          {figures.data && countText(figures.data.totals.refused)}
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
          {children ?? '…'} <span className="only-read">{name}: see more</span>
        </Link>
      </dd>
    </div>
  );
}
