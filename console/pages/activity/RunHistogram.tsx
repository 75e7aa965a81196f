import { useMemo } from 'react';
import { type Answer, useApi } from '../../api.ts';
import type { Filtering } from '../../ui/Filters.tsx';
import { exactText, instantText } from '../../ui/format.ts';
import { Moment } from '../../ui/Moment.tsx';
import { Legend, type Part, StackedBars } from '../../ui/StackedBars.tsx';
import styles from './Activity.module.css';

const outcomes = [
  { of: 'succeeded', name: 'succeeded', colour: 'ok' },
  { of: 'cancelled', name: 'cancelled or killed', colour: 'control' },
  { of: 'failed', name: 'failed', colour: 'warn' },
  { of: 'failed_policy', name: 'stopped by policy', colour: 'crit' },
] as const satisfies readonly (Part & { of: string })[];

const width_ms = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const week_ms = 7 * 86_400_000;

interface Props {
  values: Filtering;
  onChange: (values: Filtering) => void;
}

/** When the runs of the list began and how they ended; a stretch that is marked narrows the list to it. */
export function RunHistogram({ values, onChange }: Props) {
  const hour_ms = 3_600_000;
  const since = new Date(Math.ceil((Date.now() - week_ms) / hour_ms) * hour_ms).toISOString();
  const from = values.from?.[0] ?? since;
  const query = { ...values, from, to: values.to?.[0] };
  const { data, error } = useApi('getOutcomes', { query }, { placeholderData: (before) => before, staleTime: 5_000 });
  const columns = useMemo(() => columnsOf(data?.buckets ?? []), [data]);
  if (error && !data) return <p className="faint">No picture over time: {error.message}</p>;
  if (!data) return <div className={styles.histogram} />;
  const { starts, amounts, tell } = columns;
  const sums = outcomes.map((_, at) => amounts.reduce((sum, column) => sum + (column[at] ?? 0), 0));
  const said = outcomes.map(({ name }, at) => `${exactText(sums[at] ?? 0)} ${name}`).join(', ');
  const span = `${instantText(Date.parse(data.from)).slice(0, 16)} to ${instantText(Date.parse(data.to)).slice(0, 16)} UTC`;
  return (
    <figure className={styles.histogram}>
      <StackedBars
        parts={outcomes}
        starts={starts}
        amounts={amounts}
        width_ms={width_ms[data.bucket]}
        height={96}
        summary={`Runs by when they began, ${span}: ${said}.`}
        tell={tell}
        onMark={(from_ms, to_ms) =>
          onChange({ ...values, from: [new Date(from_ms).toISOString()], to: [new Date(to_ms).toISOString()] })
        }
      />
      <figcaption className={styles.caption}>
        <Legend of={outcomes.map((part, at) => ({ ...part, sum: exactText(sums[at] ?? 0) }))} />
        <span className={styles.range}>
          <Moment
            label="From"
            value={values.from?.[0] ?? data.from}
            onChange={(at) => onChange({ ...values, from: at })}
          />
          <Moment label="to" value={values.to?.[0] ?? data.to} onChange={(at) => onChange({ ...values, to: at })} />
          <span className="faint">UTC</span>
        </span>
      </figcaption>
    </figure>
  );
}

function columnsOf(buckets: Answer<'getOutcomes'>['buckets']) {
  const starts = buckets.map(({ start }) => Date.parse(start));
  const amounts = buckets.map(({ runs }) => outcomes.map(({ of }) => runs[of]));
  const tell = (at: number) =>
    `${instantText(starts[at] ?? 0).slice(0, 16)} UTC: ${outcomes.map(({ name }, nth) => `${amounts[at]?.[nth]} ${name}`).join(', ')}`;
  return { starts, amounts, tell };
}
