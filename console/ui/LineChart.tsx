import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import styles from './LineChart.module.css';

export interface Line {
  name: string;
  /** A colour of the theme. */
  colour: string;
  dashed?: boolean;
  is_thin?: boolean;
  values: readonly (number | null)[];
}

interface Props {
  title: string;
  /** All of it in one sentence, for those who do not see it. */
  summary: string;
  /** In milliseconds since 1970. */
  starts: readonly number[];
  lines: readonly Line[];
  write: (value: number) => string;
  /** `line`: the place of the line that was meant; null: none is near. */
  onPoint: (column: number, line: number | null) => void;
  onRange: (from_ms: number, to_ms: number) => void;
}

const height = 150;
/** The cursor of one chart is the cursor of all. */
const one_cursor = 'aos';
const drag_px = 4;
/** As far from a line as a press still means it. */
const near_px = 16;

/** Lines over time. A click asks what is behind a point, a drag narrows the time. */
export function LineChart(props: Props) {
  const { summary, starts, lines } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const theme = useTheme();
  const shape = lines.map(({ name, colour, dashed, is_thin }) => `${name} ${colour} ${dashed} ${is_thin}`).join('|');
  // biome-ignore lint/correctness/useExhaustiveDependencies: made anew for other lines or colours, and else only filled
  useLayoutEffect(() => {
    const element = holder.current;
    if (!element) return;
    const made = new UPlot(
      optionsOf(latest.current, element.clientWidth, () => latest.current),
      dataOf(latest.current),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, theme]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: filled when there is other data
  useEffect(() => plot.current?.setData(dataOf(latest.current)), [starts, lines]);
  return <div ref={holder} className={styles.chart} role="img" aria-label={summary} />;
}

const dataOf = ({ starts, lines }: Props): UPlot.AlignedData =>
  [starts.map((ms) => ms / 1_000), ...lines.map(({ values }) => [...values])] as UPlot.AlignedData;

function useTheme(): string {
  const now = () => document.documentElement.dataset.theme ?? '';
  const [theme, setTheme] = useState(now);
  useEffect(() => {
    const onTheme = () => setTheme(now());
    window.addEventListener('aos:theme', onTheme);
    return () => window.removeEventListener('aos:theme', onTheme);
  });
  return theme;
}

function optionsOf({ lines, write }: Props, width: number, latest: () => Props): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const axis: UPlot.Axis = {
    stroke: colour('text-3'),
    grid: { stroke: colour('hairline'), width: 1 },
    ticks: { show: false },
    font: '11px ui-sans-serif, system-ui, "DejaVu Sans", sans-serif',
  };
  return {
    width,
    height,
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1_000), 'UTC'),
    padding: [8, 18, 0, 0],
    cursor: { sync: { key: one_cursor }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    legend: { live: true },
    axes: [
      { ...axis, size: 24, space: 70, values: axisTimes },
      {
        ...axis,
        size: 56,
        space: 32,
        incrs: () => (areWhole(latest()) ? whole_steps : steps),
        values: (_, values) => values.map((value) => write(value)),
      },
    ],
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
    series: [
      { label: 'UTC', value: (_, seconds) => (seconds === null ? '' : momentText(seconds)) },
      ...lines.map((line) => ({
        label: line.name,
        stroke: colour(line.colour),
        width: line.is_thin ? 1 : 1.75,
        ...(line.dashed && { dash: [4, 3] }),
        points: { show: true, size: 5, filter: (plot: UPlot, at: number) => lonePoints(plot.data[at] ?? []) },
        value: (_: UPlot, value: number | null) => (value === null ? '–' : write(value)),
      })),
    ],
    hooks: {
      ready: [(plot) => listen(plot, latest)],
    },
  };
}

/** What an axis may go up by: `1`, `2`, `2.5` and `5` of every power of ten. */
const steps = Array.from({ length: 21 }, (_, at) => [1, 2, 2.5, 5].map((part) => part * 10 ** (at - 8))).flat();
const whole_steps = steps.filter((step) => Number.isInteger(step));

/** Counts, of which there is no half. */
const areWhole = ({ lines }: Props): boolean =>
  lines.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)));

/** Points with nothing on either side, which no line would show. */
const lonePoints = (values: ArrayLike<number | null | undefined>): number[] =>
  [...Array(values.length).keys()].filter(
    (at) => values[at] != null && values[at - 1] == null && values[at + 1] == null,
  );

/** A click without a drag is about a point; a drag is about a stretch of time. */
function listen(plot: UPlot, latest: () => Props): void {
  plot.over.addEventListener('click', () => {
    const { left, width } = plot.select;
    if (width > drag_px) {
      latest().onRange(plot.posToVal(left, 'x') * 1_000, plot.posToVal(left + width, 'x') * 1_000);
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    } else if (typeof plot.cursor.idx === 'number') latest().onPoint(plot.cursor.idx, nearestLine(plot));
  });
}

/** The line that passes nearest to the cursor at its column. */
function nearestLine({ data, cursor: { idx, top }, valToPos }: UPlot): number | null {
  const away = data.slice(1).map((values) => {
    const value = values[idx ?? -1];
    return value == null ? Infinity : Math.abs(valToPos(value, 'y') - (top ?? 0));
  });
  const nearest = away.indexOf(Math.min(...away));
  return (away[nearest] ?? Infinity) <= near_px ? nearest : null;
}

const momentText = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(5, 16).replace('T', ' ');

/** The hour within a day, the day where one begins. */
const axisTimes = (_: UPlot, splits: number[]): string[] =>
  splits.map((seconds) => {
    const text = new Date(seconds * 1_000).toISOString();
    return text.slice(11, 16) === '00:00' ? text.slice(5, 10) : text.slice(11, 16);
  });
