import { naming } from '@aos/core/activity/named.ts';
import { useLocation } from 'wouter';
import { pathFor } from '../../api.ts';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { Button } from '../../ui/Button.tsx';
import { Choice } from '../../ui/Choice.tsx';
import { type Filtering, Filters } from '../../ui/Filters.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { useUrlFilters, useUrlWord } from '../../url-state.ts';
import { ChartPanel } from './ChartPanel.tsx';
import styles from './Metrics.module.css';
import { chartsOf } from './metric-charts.ts';
import { type RangeName, ranges, useRange } from './metric-range.ts';
import { type Breakdown, breakdowns, useMetrics, useParts, useProviders } from './metric-series.ts';
import { NoTraffic } from './NoTraffic.tsx';
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
  const [compared, setCompared] = useUrlWord('compare', '');
  const is_compared = compared === 'before';
  const part = (by in breakdowns ? by : 'model') as Breakdown;
  const range = useRange(values, name);
  const { asked, now, outcomes, before, outcomes_before, parts_before } = useMetrics(values, range, part, is_compared);
  const parts = useParts(now.data, part, values, range);
  const providers = useProviders(now.data, values, range);
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
      <RoomTabs of="Activity" />
      <div className={styles.tools}>
        <Filters facets={facets} values={values} onChange={setValues} />
        <Choice
          label="Time"
          of={Object.entries(ranges).map(([value, { name }]) => [value, name] as const)}
          chosen={range.is_marked ? '' : name}
          onChoose={(to) => choose(to as RangeName)}
        />
        <Choice
          label="Cost by"
          of={Object.entries(breakdowns).map(([value, name]) => [value, `by ${name}`] as const)}
          chosen={part}
          onChoose={setBy}
        />
        <Button small kind="plain" aria-pressed={is_compared} onClick={() => setCompared(is_compared ? '' : 'before')}>
          Compare to the time before
        </Button>
        <span className="faint">{range.is_marked ? 'Stands still while a stretch is marked' : 'New every 30 s'}</span>
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
          {now.data.totals.calls + now.data.totals.refused === 0 && (
            <NoTraffic of={now.data} values={values} onChange={setValues} />
          )}
          <div className={styles.charts}>
            {chartsOf({
              metrics: now.data,
              outcomes: outcomes.data,
              parts,
              providers,
              by: part,
              of_models: (values.model ?? []).length > 0,
              before: is_compared ? { metrics: before, outcomes: outcomes_before } : null,
            }).map((chart) => (
              <ChartPanel key={chart.title} chart={chart} onOpen={open} onRange={onRange} />
            ))}
          </div>
          <TopParts
            metrics={now.data}
            before={parts_before}
            by={part}
            onOpen={(chosen) => open(now.data.from, now.data.to, { [part]: [naming(chosen)] })}
          />
        </>
      )}
    </Page>
  );
}

function searchOf(values: Filtering): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, of_name] of Object.entries(values)) for (const value of of_name) search.append(name, value);
  return search;
}
