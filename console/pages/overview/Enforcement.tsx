import { type Answer, useApi } from '../../api.ts';
import { type Source, Trouble } from '../../parts/Trouble.tsx';
import { countText, instantText } from '../../ui/format.ts';
import { Section } from '../../ui/Page.tsx';
import { Legend, type Part, StackedBars } from '../../ui/StackedBars.tsx';
import { Loading } from '../../ui/States.tsx';
import styles from './Overview.module.css';
import { bucketMs, type Range } from './range.ts';

const parts = [
  { of: 'kill', name: 'killed', colour: 'text', glyph: 'cross' },
  { of: 'block', name: 'blocked', colour: 'crit', glyph: 'square' },
  { of: 'pause', name: 'held', colour: 'warn', glyph: 'pause' },
  { of: 'warn', name: 'warned', colour: 'warn', glyph: 'triangle', look: 'hollow' },
  { of: 'shadow', name: 'would be refused', colour: 'shadow', glyph: 'flag', look: 'hatched' },
  { of: 'allow', name: 'allowed', colour: 'hairline', glyph: 'dot' },
] as const satisfies readonly (Part & { of: string })[];

interface Props {
  range: Range;
  /** The figures of the range. */
  figures: Source<Answer<'getMetrics'>>;
  is_synthetic: 'all' | undefined;
}

/** What was decided in each hour or day of the range. */
export function Enforcement({ range, figures, is_synthetic }: Props) {
  const { from, bucket } = range;
  const outcomes = useApi('getOutcomes', { query: { from, bucket, is_synthetic } });
  const title = `Enforcement ${range.said}`;
  const trouble = <Trouble what="The decisions could not be loaded" of={[figures, outcomes]} />;
  const [counted, data] = [figures.data, outcomes.data];
  if (!data || !counted) {
    const has_failed = figures.isError || outcomes.isError;
    return <Section title={title}>{has_failed ? trouble : <Loading what="the decisions" rows={3} />}</Section>;
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
    <Section title={title}>
      {trouble}
      <figure className={styles.enforcement}>
        <StackedBars
          parts={parts}
          starts={starts}
          amounts={amounts}
          width_ms={bucketMs(range)}
          height={80}
          summary={`Decisions ${range.said}: ${parts.map(({ name }, at) => `${sums[at]} ${name}`).join(', ')}.`}
          tell={(at) =>
            `From ${instantText(starts[at] ?? 0).slice(0, 16)} UTC: ${parts.map(({ name }, nth) => `${amounts[at]?.[nth]} ${name}`).join(', ')}`
          }
        />
        <Legend of={parts.map((part, at) => ({ ...part, sum: countText(sums[at] ?? 0) }))} />
      </figure>
    </Section>
  );
}
