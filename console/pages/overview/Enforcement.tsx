import { type Answer, useApi } from '../../api.ts';
import { clockText, countText } from '../../ui/format.ts';
import { Section } from '../../ui/Page.tsx';
import { Legend, type Part, StackedBars } from '../../ui/StackedBars.tsx';
import { Loading } from '../../ui/States.tsx';
import styles from './Overview.module.css';
import { type Source, Trouble } from './Trouble.tsx';

const parts = [
  { of: 'kill', name: 'killed', colour: 'text' },
  { of: 'block', name: 'blocked', colour: 'crit' },
  { of: 'pause', name: 'held', colour: 'llm' },
  { of: 'warn', name: 'warned', colour: 'warn' },
  { of: 'shadow', name: 'would be refused', colour: 'shadow', hatched: true },
  { of: 'allow', name: 'allowed', colour: 'hairline' },
] as const satisfies readonly (Part & { of: string })[];

const hour_ms = 3_600_000;

interface Props {
  day: Source<Answer<'getMetrics'>>;
  is_synthetic: 'all' | undefined;
}

/** What was decided in each of the last 24 hours. */
export function Enforcement({ day, is_synthetic }: Props) {
  const counted = day.data;
  const from = counted && new Date(Math.floor(Date.parse(counted.from) / hour_ms) * hour_ms).toISOString();
  const outcomes = useApi(
    'getOutcomes',
    { query: { from, bucket: 'hour', is_synthetic } },
    { enabled: from !== undefined, placeholderData: (before) => before },
  );
  const trouble = <Trouble what="The decisions of the last day could not be loaded" of={[day, outcomes]} />;
  const { data } = outcomes;
  if (!data || !counted) {
    const has_failed = day.isError || outcomes.isError;
    return (
      <Section title="Enforcement, 24 h">{has_failed ? trouble : <Loading what="the decisions" rows={3} />}</Section>
    );
  }
  const calls = new Map(counted.buckets.map((bucket) => [bucket.start, bucket.calls]));
  const amounts = data.buckets.map(({ start, decisions }) => {
    const { warn, shadow } = decisions;
    const columns = { ...decisions, allow: Math.max(0, (calls.get(start) ?? 0) - warn - shadow) };
    return parts.map(({ of }) => columns[of]);
  });
  const sums = parts.map((_, at) => amounts.reduce((sum, column) => sum + (column[at] ?? 0), 0));
  const starts = data.buckets.map(({ start }) => Date.parse(start));
  return (
    <Section title="Enforcement, 24 h">
      {trouble}
      <figure className={styles.enforcement}>
        <StackedBars
          parts={parts}
          starts={starts}
          amounts={amounts}
          width_ms={hour_ms}
          height={80}
          summary={`Decisions of the last 24 hours: ${parts.map(({ name }, at) => `${sums[at]} ${name}`).join(', ')}.`}
          tell={(at) =>
            `From ${clockText(starts[at] ?? 0).slice(0, 5)} UTC: ${parts.map(({ name }, nth) => `${amounts[at]?.[nth]} ${name}`).join(', ')}`
          }
        />
        <Legend of={parts.map((part, at) => ({ ...part, sum: countText(sums[at] ?? 0) }))} />
      </figure>
    </Section>
  );
}
