import { naming } from '@aos/core/activity/named.ts';
import { useLocation } from 'wouter';
import { pathFor, useApi } from '../../api.ts';
import { ActivityTabs } from '../../parts/ActivityTabs.tsx';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { areLeftOut, LeftOut } from '../../parts/Unshown.tsx';
import { Button } from '../../ui/Button.tsx';
import { type Filtering, Filters } from '../../ui/Filters.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { useUrlFilters, useUrlWord } from '../../url-state.ts';
import { ChartPanel } from './ChartPanel.tsx';
import styles from './Metrics.module.css';
import { chartsOf } from './metric-charts.ts';
import {
  type Breakdown,
  type Metrics as MetricsAnswer,
  type RangeName,
  ranges,
  useMetrics,
  useParts,
  useRange,
} from './metric-series.ts';
import { TopParts } from './TopParts.tsx';

const facets = [
  { name: 'agent', label: 'Agent' },
  { name: 'project', label: 'Project' },
  { name: 'model', label: 'Model' },
  { name: 'provider', label: 'Provider' },
  { name: 'api_key', label: 'Key' },
  { name: 'actor', label: 'Actor' },
  { name: 'is_synthetic', label: 'Synthetic', choices: ['all'] },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];
const names = facets.map(({ name }) => name);

/** How spend, volume, latency and enforcement move. */
export function Metrics() {
  const [values, setValues] = useUrlFilters(names);
  const [range_name, setRange] = useUrlWord('range', '24h');
  const [by, setBy] = useUrlWord('by', 'model');
  const [, navigate] = useLocation();
  const name = (range_name in ranges ? range_name : '24h') as RangeName;
  const part = (['model', 'agent', 'project'].includes(by) ? by : 'model') as Breakdown;
  const range = useRange(values, name);
  const { asked, now, outcomes, before } = useMetrics(values, range);
  const parts = useParts(now.data, part, values, range);
  const choose = (to: RangeName) => {
    setRange(to);
    if (range.is_marked) setValues({ ...values, from: [], to: [] });
  };
  const open = (from: string, to: string, more: Filtering = {}) =>
    navigate(`/activity/completed?${searchOf({ ...values, from: [from], to: [to], ...more })}`);
  const onRange = (from_ms: number, to_ms: number) =>
    setValues({ ...values, from: [new Date(from_ms).toISOString()], to: [new Date(to_ms).toISOString()] });
  return (
    <Page title="Metrics" heading="Activity">
      <ActivityTabs />
      <div className={styles.tools}>
        <Filters facets={facets} values={values} onChange={setValues} />
        <Choice
          label="Time"
          of={Object.entries(ranges).map(([value, { name }]) => [value, name])}
          chosen={range.is_marked ? '' : name}
          onChoose={(to) => choose(to as RangeName)}
        />
        <Choice
          label="Cost by"
          of={[
            ['model', 'by model'],
            ['agent', 'by agent'],
            ['project', 'by project'],
          ]}
          chosen={part}
          onChoose={setBy}
        />
        <ElsewhereMenu
          what="metrics"
          of="getMetrics"
          input={{ query: asked }}
          command={null}
          also={[pathFor('getOutcomes', { query: asked })]}
        />
      </div>
      {now.isError && (
        <Failed what="The figures could not be loaded" error={now.error} onRetry={() => void now.refetch()} />
      )}
      {now.isPending && <Loading what="figures" />}
      {now.data && (
        <>
          {now.data.totals.calls === 0 && areLeftOut(values) && (
            <SyntheticCalls of={now.data} values={values} onChange={setValues} />
          )}
          <div className={styles.charts}>
            {chartsOf({
              metrics: now.data,
              outcomes: outcomes.data,
              parts,
              by: part,
              of_models: (values.model ?? []).length > 0,
            }).map((chart) => (
              <ChartPanel key={chart.title} chart={chart} onOpen={open} onRange={onRange} />
            ))}
          </div>
          <TopParts
            metrics={now.data}
            before={before.data}
            by={part}
            onOpen={(chosen) => open(now.data.from, now.data.to, { [part]: [naming(chosen)] })}
          />
        </>
      )}
    </Page>
  );
}

interface SyntheticProps {
  of: MetricsAnswer;
  values: Filtering;
  onChange: (values: Filtering) => void;
}

/** Where no call is counted: how many synthetic ones of the same time are left out. */
function SyntheticCalls({ of: { from, to }, values, onChange }: SyntheticProps) {
  const { data } = useApi(
    'getMetrics',
    { query: { ...values, from, to, is_synthetic: 'true' } },
    { staleTime: 30_000 },
  );
  return <LeftOut count={data?.totals.calls} noun="calls" values={values} onChange={onChange} />;
}

interface ChoiceProps {
  label: string;
  of: readonly (readonly [string, string])[] | [string, string][];
  chosen: string;
  onChoose: (value: string) => void;
}

const Choice = ({ label, of, chosen, onChoose }: ChoiceProps) => (
  <fieldset className={styles.choice}>
    <legend className="only-read">{label}</legend>
    {of.map(([value, name]) => (
      <Button key={value} small kind="plain" aria-pressed={value === chosen} onClick={() => onChoose(value ?? '')}>
        {name}
      </Button>
    ))}
  </fieldset>
);

function searchOf(values: Filtering): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, of_name] of Object.entries(values)) for (const value of of_name) search.append(name, value);
  return search;
}
