import { lazy, Suspense, useState } from 'react';
import { LinkButton } from '../../ui/Button.tsx';
import type { Filtering } from '../../ui/Filters.tsx';
import { instantText } from '../../ui/format.ts';
import type { Line } from '../../ui/LineChart.tsx';
import styles from './Metrics.module.css';

const LineChart = lazy(async () => ({ default: (await import('../../ui/LineChart.tsx')).LineChart }));

export interface Chart {
  title: string;
  starts: readonly number[];
  bucket: 'minute' | 'hour' | 'day';
  lines: readonly (Line & {
    /** The filter for what the line is of. */
    of?: Filtering;
  })[];
  write: (value: number) => string;
}

interface Props {
  chart: Chart;
  onOpen: (from: string, to: string, of?: Filtering) => void;
  onRange: (from_ms: number, to_ms: number) => void;
}

const width_ms = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** One chart, and the same as a table; every point leads to the runs behind it. */
export function ChartPanel({ chart, onOpen, onRange }: Props) {
  const { title, starts, bucket, lines } = chart;
  const [is_table, setTable] = useState(false);
  const open = (at: number, line: number | null = null) => {
    const start = starts[at] ?? 0;
    const of = line === null ? undefined : lines[line]?.of;
    onOpen(new Date(start).toISOString(), new Date(start + width_ms[bucket]).toISOString(), of);
  };
  return (
    <section className={styles.panel} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <LinkButton onClick={() => setTable(!is_table)}>
          {is_table ? 'View as chart' : 'View as table'}
          <span className="only-read">: {title}</span>
        </LinkButton>
      </header>
      {is_table ? (
        <Values chart={chart} onOpen={open} />
      ) : lines.length === 0 ? (
        <p className="quiet">No traffic in this time.</p>
      ) : (
        <Suspense fallback={null}>
          <LineChart {...chart} summary={summaryOf(chart)} onPoint={open} onRange={onRange} />
        </Suspense>
      )}
    </section>
  );
}

/** Each line with its highest value and when that was. */
function summaryOf({ title, starts, lines, write, bucket }: Chart): string {
  const said = lines.map(({ name, values }) => {
    const most = values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
    if (most === 0) return `${name} none`;
    return `${name} at most ${write(most)} at ${instantText(starts[values.indexOf(most)] ?? 0).slice(0, 16)} UTC`;
  });
  return `${title} per ${bucket}: ${said.join('; ')}.`;
}

interface ValuesProps {
  chart: Chart;
  onOpen: (at: number, line?: number) => void;
}

function Values({ chart: { title, starts, lines, write }, onOpen }: ValuesProps) {
  return (
    <div className={styles.values} tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">From (UTC)</th>
            {lines.map(({ name }) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {starts.map((start, at) => (
            <tr key={start}>
              <th scope="row">
                <LinkButton onClick={() => onOpen(at)}>{instantText(start).slice(0, 16)}</LinkButton>
              </th>
              {lines.map(({ name, values, of }, nth) => (
                <td key={name} className="number">
                  {of && values[at] ? (
                    <LinkButton onClick={() => onOpen(at, nth)}>{write(values[at])}</LinkButton>
                  ) : values[at] == null ? (
                    '–'
                  ) : (
                    write(values[at])
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
