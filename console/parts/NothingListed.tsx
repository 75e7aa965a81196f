import type { ReactNode } from 'react';
import type { Input, Name } from '../api.ts';
import type { List } from '../list.ts';
import { Button } from '../ui/Button.tsx';
import type { ChangeFiltering, Filtering } from '../ui/Filters.tsx';
import { Empty, Failed, Loading } from '../ui/States.tsx';
import { Instant } from '../ui/Time.tsx';
import { Loosening } from './Loosening.tsx';
import { type Log, useOldest } from './oldest-kept.ts';
import { nothingWords, type TimeRange } from './time-range.ts';
import { Unshown } from './Unshown.tsx';

interface Props<N extends Name> {
  of: N;
  label: string;
  query: Input<N>['query'] | undefined;
  list: Pick<List<unknown>, 'error' | 'isLoading' | 'retry'>;
  values: Filtering;
  onChange: ChangeFiltering;
  range: TimeRange;
  /** What the range adds to the question. */
  within: { from?: string };
  noun: string | undefined;
  log: Log | undefined;
  /** What it means that there never was anything. */
  empty: ReactNode;
}

/** Why a list shows no row: it failed, it loads, all is filtered out, or there is nothing. */
export function NothingListed<N extends Name>(props: Props<N>) {
  const { of, label, query, list, values, onChange, range, within, noun, log } = props;
  const oldest = useOldest(log, query, !list.isLoading && list.error === null);
  const unshown = noun !== undefined && <Unshown {...{ of, query, noun, values, within, onChange }} />;
  const is_narrowed = Object.values(values).some((chosen) => chosen.length > 0);
  if (list.error) return <Failed what={`${label} could not be loaded`} error={list.error} onRetry={list.retry} />;
  if (list.isLoading)
    return (
      <div style={{ padding: '0 16px' }}>
        <Loading what={label.toLowerCase()} />
      </div>
    );
  if (!is_narrowed && (within.from === undefined || oldest === null))
    return (
      <>
        {props.empty}
        {unshown && <div style={{ padding: '0 24px 24px' }}>{unshown}</div>}
      </>
    );
  return (
    <Empty title={titleOf(log, values, range)}>
      {oldest && (
        <p>
          Oldest record kept: <Instant at={oldest} />
        </p>
      )}
      <Loosening {...{ of, query, values, within, onChange }} onAllTime={range.setSpan} />
      {unshown}
      {is_narrowed && (
        <Button small onClick={() => onChange({})}>
          Clear all filters
        </Button>
      )}
    </Empty>
  );
}

/** Of a log it says from when to when nothing is. */
function titleOf(log: Log | undefined, { from, to, ...others }: Filtering, range: TimeRange): string {
  const since = range.query.from;
  if (log === undefined) return since ? `Nothing in the ${range.words}` : 'Nothing matches';
  const is_narrowed = Object.values(others).some((chosen) => chosen.length > 0);
  return nothingWords(is_narrowed ? 'matching records' : 'records', from?.[0] ?? since, to?.[0]);
}
