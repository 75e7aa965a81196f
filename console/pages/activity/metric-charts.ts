import type { Answer } from '../../api.ts';
import { countText, durationText, moneyText, tokensText } from '../../ui/format.ts';
import type { Chart } from './ChartPanel.tsx';
import type { Breakdown, Metrics, PartSeries } from './metric-series.ts';

type Outcomes = Answer<'getOutcomes'>['buckets'][number];
type Bucket = Metrics['buckets'][number];
type Lines = Chart['lines'];

interface Of {
  metrics: Metrics;
  outcomes: Answer<'getOutcomes'> | undefined;
  parts: readonly PartSeries[];
  by: Breakdown;
  /** Narrowed to models, which decisions are not counted by. */
  of_models: boolean;
}

/** The charts of the page, always the same six. */
export function chartsOf({ metrics, outcomes, parts, by, of_models }: Of): Chart[] {
  const { buckets, bucket } = metrics;
  const shared = { starts: buckets.map(({ start }) => Date.parse(start)), bucket };
  const series = (read: (one: Bucket) => number | null) => buckets.map(read);
  const known = new Map(outcomes?.buckets.map((one) => [one.start, one]));
  const counted = (read: (one: Outcomes) => number) =>
    buckets.map(({ start }) => {
      const one = known.get(start);
      return one ? read(one) : 0;
    });
  return [
    { ...shared, title: `Cost by ${by}`, write: (usd) => moneyText(usd, true), lines: costLines(parts, buckets) },
    { ...shared, title: 'Runs by outcome', write: countText, lines: outcomeLines(counted) },
    {
      ...shared,
      title: 'Tokens',
      write: tokensText,
      lines: [
        { name: 'in', colour: 'llm', values: series((one) => one.input_tokens) },
        { name: 'out', colour: 'tool', values: series((one) => one.output_tokens) },
      ],
    },
    {
      ...shared,
      title: 'Time a call takes',
      write: durationText,
      lines: [
        { name: 'p50', colour: 'info', values: series((one) => one.p50_duration_ms) },
        { name: 'p95', colour: 'warn', values: series((one) => one.p95_duration_ms) },
      ],
    },
    {
      ...shared,
      title: 'Calls',
      write: countText,
      lines: [
        { name: 'answered', colour: 'info', values: series((one) => one.calls - one.failed) },
        { name: 'failed', colour: 'warn', values: series((one) => one.failed) },
        { name: 'refused', colour: 'crit', values: series((one) => one.refused) },
      ],
    },
    {
      ...shared,
      title: of_models ? 'Decisions (of all models)' : 'Decisions',
      write: countText,
      lines: decisionLines(counted),
    },
  ];
}

type Counted = (read: (one: Outcomes) => number) => number[];

const colours = ['llm', 'tool', 'warn', 'crit', 'retrieval'];

const costLines = (parts: readonly PartSeries[], all: readonly Bucket[]): Lines =>
  parts.map(({ name, buckets }, at) => ({
    name,
    colour: colours[at] ?? 'text',
    values: buckets.length === all.length ? buckets.map(({ cost_usd }) => Number(cost_usd)) : all.map(() => null),
  }));

const outcomeLines = (counted: Counted): Lines => [
  { name: 'succeeded', colour: 'ok', values: counted(({ runs }) => runs.succeeded) },
  { name: 'stopped by policy', colour: 'crit', values: counted(({ runs }) => runs.failed_policy) },
  { name: 'failed', colour: 'warn', values: counted(({ runs }) => runs.failed) },
  { name: 'cancelled', colour: 'control', values: counted(({ runs }) => runs.cancelled) },
];

const decisionLines = (counted: Counted): Lines => [
  { name: 'blocked', colour: 'crit', values: counted(({ decisions }) => decisions.block) },
  { name: 'killed', colour: 'text', values: counted(({ decisions }) => decisions.kill) },
  { name: 'held', colour: 'llm', values: counted(({ decisions }) => decisions.pause) },
  { name: 'warned', colour: 'warn', values: counted(({ decisions }) => decisions.warn) },
  { name: 'in shadow', colour: 'shadow', dashed: true, values: counted(({ decisions }) => decisions.shadow) },
];
