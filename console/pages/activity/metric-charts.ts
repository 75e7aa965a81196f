import { countText, durationText, moneyText, tokensText } from '../../ui/format.ts';
import type { Chart } from './ChartPanel.tsx';
import { type Breakdown, breakdowns, type Metrics, type Outcomes, type PartSeries } from './metric-series.ts';

type Bucket = Metrics['buckets'][number];
type Outcome = Outcomes['buckets'][number];
type Line = Chart['lines'][number];

interface Of {
  metrics: Metrics;
  outcomes: Outcomes | undefined;
  parts: readonly PartSeries[];
  providers: readonly PartSeries[];
  by: Breakdown;
  /** Narrowed to models, which decisions are not counted by. */
  of_models: boolean;
  /** The same of the time before, where the two are compared. */
  before: { metrics: Metrics | undefined; outcomes: Outcomes | undefined } | null;
}

/** The charts of the page, always the same six. */
export function chartsOf({ metrics, outcomes, parts, providers, by, of_models, before }: Of): Chart[] {
  const shared = { starts: metrics.buckets.map(({ start }) => Date.parse(start)), bucket: metrics.bucket };
  const now = readingOf(metrics, outcomes, metrics.buckets.length);
  const then = before && readingOf(before.metrics, before.outcomes, metrics.buckets.length);
  return [
    {
      ...shared,
      title: `Cost by ${breakdowns[by]}`,
      write: (usd) => moneyText(usd, true),
      lines: costLines(parts, now, then),
    },
    { ...shared, title: 'Runs by outcome', write: countText, lines: outcomeLines(now, then) },
    { ...shared, title: 'Tokens', write: tokensText, lines: tokenLines(now, then) },
    { ...shared, title: 'Time a call takes, by provider', write: durationText, lines: timeLines(providers, now, then) },
    { ...shared, title: 'Calls', write: countText, lines: callLines(now, then) },
    {
      ...shared,
      title: of_models ? 'Decisions (of all models)' : 'Decisions',
      write: countText,
      lines: decisionLines(now, then),
    },
  ];
}

interface Reading {
  series: (read: (one: Bucket) => number | null) => (number | null)[];
  counted: (read: (one: Outcome) => number) => (number | null)[];
}

/** As many values as the chart has columns; of the time before, those of the same column. */
function readingOf(metrics: Metrics | undefined, outcomes: Outcomes | undefined, columns: number): Reading {
  const buckets = metrics?.buckets ?? [];
  const known = new Map(outcomes?.buckets.map((one) => [one.start, one]));
  const filled = <Value>(read: (one: Bucket) => Value) =>
    Array.from({ length: columns }, (_, at) => {
      const one = buckets[at];
      return one ? read(one) : null;
    });
  return {
    series: filled,
    counted: (read) =>
      filled(({ start }) => {
        const one = known.get(start);
        return one ? read(one) : 0;
      }),
  };
}

const colours = ['llm', 'tool', 'warn', 'crit', 'retrieval'];
const most_lines = 6;

/** Of the time before: dashed, in the colour of text unless it has a line of its own now. */
const earlier = (name: string, values: Line['values'], colour = 'text'): Line => ({
  name: `${name} before`,
  colour,
  dashed: true,
  values,
});

const cost = ({ cost_usd }: Bucket) => Number(cost_usd);

function costLines(parts: readonly PartSeries[], now: Reading, then: Reading | null): Line[] {
  const all = then
    ? [{ name: 'all', colour: 'text', values: now.series(cost) }, earlier('all', then.series(cost))]
    : [];
  const columns = now.series(cost).length;
  const lines = parts.slice(0, most_lines - all.length).map(({ name, of, buckets }, at) => ({
    name,
    colour: colours[at] ?? 'text',
    of,
    values: Array.from({ length: columns }, (_, column) => (buckets[column] ? cost(buckets[column]) : null)),
  }));
  return [...lines, ...all];
}

const runs = (one: Outcome) => Object.values(one.runs).reduce((sum, count) => sum + count, 0);

const outcomeLines = (now: Reading, then: Reading | null): Line[] => [
  line(
    'succeeded',
    'ok',
    now.counted((one) => one.runs.succeeded),
    { status: ['succeeded'] },
  ),
  line(
    'stopped by policy',
    'crit',
    now.counted((one) => one.runs.failed_policy),
    { status: ['failed_policy'] },
  ),
  line(
    'failed',
    'warn',
    now.counted((one) => one.runs.failed),
    { status: ['failed'] },
  ),
  line(
    'cancelled',
    'control',
    now.counted((one) => one.runs.cancelled),
    { status: ['cancelled'] },
  ),
  ...(then ? [line('all', 'text', now.counted(runs)), earlier('all', then.counted(runs))] : []),
];

function line(name: string, colour: string, values: Line['values'], of?: Line['of']): Line {
  return { name, colour, values, ...(of && { of }) };
}

const input = (one: Bucket) => one.input_tokens;
const output = (one: Bucket) => one.output_tokens;

const tokenLines = (now: Reading, then: Reading | null): Line[] => [
  line('in', 'llm', now.series(input)),
  line('out', 'tool', now.series(output)),
  ...(then ? [earlier('in', then.series(input), 'llm'), earlier('out', then.series(output), 'tool')] : []),
];

/** Half of the calls thin, nineteen of twenty thick, in the colour of the provider. */
function timeLines(providers: readonly PartSeries[], now: Reading, then: Reading | null): Line[] {
  const columns = now.series(cost).length;
  const shown = then ? providers.slice(0, 2) : providers;
  const lines = shown.flatMap(({ name, of, buckets }, at) => {
    const colour = ['info', 'warn', 'tool'][at] ?? 'text';
    const values = (read: (one: Bucket) => number | null) =>
      Array.from({ length: columns }, (_, column) => (buckets[column] ? read(buckets[column]) : null));
    return [
      { name: `${name} p50`, colour, of, is_thin: true, values: values((one) => one.p50_duration_ms) },
      { name: `${name} p95`, colour, of, values: values((one) => one.p95_duration_ms) },
    ];
  });
  if (!then) return lines;
  return [
    ...lines,
    {
      ...earlier(
        'p50 of all',
        then.series((one) => one.p50_duration_ms),
      ),
      is_thin: true,
    },
    earlier(
      'p95 of all',
      then.series((one) => one.p95_duration_ms),
    ),
  ];
}

const answered = (one: Bucket) => one.calls - one.failed;

const callLines = (now: Reading, then: Reading | null): Line[] => [
  line('answered', 'info', now.series(answered)),
  line(
    'failed',
    'warn',
    now.series((one) => one.failed),
  ),
  line(
    'refused',
    'crit',
    now.series((one) => one.refused),
  ),
  ...(then
    ? [
        earlier('answered', then.series(answered), 'info'),
        earlier(
          'failed',
          then.series((one) => one.failed),
          'warn',
        ),
        earlier(
          'refused',
          then.series((one) => one.refused),
          'crit',
        ),
      ]
    : []),
];

const decisionLines = (now: Reading, then: Reading | null): Line[] => [
  line(
    'blocked',
    'crit',
    now.counted(({ decisions }) => decisions.block),
  ),
  line(
    'killed',
    'text',
    now.counted(({ decisions }) => decisions.kill),
  ),
  line(
    'held',
    'warn',
    now.counted(({ decisions }) => decisions.pause),
  ),
  {
    ...line(
      'warned',
      'warn',
      now.counted(({ decisions }) => decisions.warn),
    ),
    is_thin: true,
  },
  {
    ...line(
      'in shadow',
      'shadow',
      now.counted(({ decisions }) => decisions.shadow),
    ),
    dashed: true,
  },
  ...(then
    ? [
        earlier(
          'blocked',
          then.counted(({ decisions }) => decisions.block),
          'crit',
        ),
      ]
    : []),
];
