import { totalText } from '@aos/core/base/total.ts';
import { type ReactNode, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import type { Input, Item, Name } from '../api.ts';
import { type List, most_rows, useList } from '../list.ts';
import { Button } from '../ui/Button.tsx';
import { type ChangeFiltering, type Counts, type Facet, type Filtering, Filters } from '../ui/Filters.tsx';
import { exactText } from '../ui/format.ts';
import { Failed, LoadingMore } from '../ui/States.tsx';
import { type Column, type Folded, Table } from '../ui/Table.tsx';
import { Instant } from '../ui/Time.tsx';
import { useUrlFilters, useUrlWord } from '../url-state.ts';
import { Chosen, useChoice } from './Chosen.tsx';
import { ColumnsDialog, useColumns } from './ColumnsDialog.tsx';
import { useFoldedCells } from './folded-cells.tsx';
import { ListTools } from './ListTools.tsx';
import { useRemembered } from './last-list.ts';
import { type CountedBy, useCounts } from './list-counts.ts';
import { NothingListed } from './NothingListed.tsx';
import type { Log } from './oldest-kept.ts';
import { Peek, WithPeek } from './Peek.tsx';
import { RangeBar, type Tail } from './RangeBar.tsx';
import { useRowMenu } from './RowMenu.tsx';
import { SavedViews } from './SavedViews.tsx';
import { useTimeRange } from './time-range.ts';

interface Props<N extends Name> {
  /** An endpoint that answers with a list. */
  of: N;
  label: string;
  /** What is always asked for, besides what the reader narrows it to. */
  query?: Input<N>['query'];
  params?: Input<N>['params'];
  facets: readonly Facet[];
  /** How its queries are written, where more than `name:value` can be. */
  example?: string;
  columns: readonly Column<Item<N>>[];
  least?: number;
  /** Of each row, in pixels, where its cells have more than one line. */
  height?: number;
  /** A row in several lines where the window is narrow; else its columns stand under each other. */
  folded?: Folded<Item<N>>;
  keyOf: (row: Item<N>) => string;
  /** The page of a row; absent: it has none but the panel. */
  openHref?: (row: Item<N>) => string;
  peek?: (row: Item<N>) => ReactNode;
  peekTitle?: (row: Item<N>) => ReactNode;
  onKey?: (key: string, row: Item<N>) => boolean;
  /** What can be done with several rows at once, chosen with `x`; absent: none can be chosen. */
  bulk?: (rows: readonly Item<N>[], clear: () => void) => ReactNode;
  /** What it means that there is nothing, when nothing is filtered out. */
  empty: ReactNode;
  /** What its rows are, where the API leaves out those that a demo or a scenario made: an empty list says how many. */
  noun?: string;
  /** How far back a list of what grows with every call looks at first: a word of time-range.ts. */
  span?: string;
  /** What counts the rows by the values of its filters, and what it is asked besides them. */
  counted?: CountedBy;
  /** The log that it shows: it says from when its oldest record is where nothing is listed, and can be followed. */
  log?: Log;
  /** What stands beside the filters. */
  aside?: ReactNode;
  /** What stands between the filters and the rows, for what is chosen. */
  above?: (values: Filtering, set: ChangeFiltering) => ReactNode;
  /** Adds to the rows, or keeps some for longer; a hook, always the same. */
  useRows?: (rows: readonly Item<N>[]) => readonly Item<N>[];
}

/** A list of the API: filters in the address, rows that keep still, a panel beside it, and how much there is. */
export function ListView<N extends Name>(props: Props<N>) {
  const { of, label, query, params, facets, columns, least, keyOf, openHref, peek, peekTitle, onKey, empty } = props;
  const [, navigate] = useLocation();
  const names = useMemo(() => facets.map(({ name }) => name), [facets]);
  const [values, setValues] = useUrlFilters(names);
  const [peeked, setPeeked] = useUrlWord('peek', '');
  const tail = useTail(props.log, values);
  const has_time = names.includes('from');
  const range = useTimeRange(values, props.span);
  const within = has_time ? range.query : {};
  const input = { ...(params && { params }), query: { ...query, ...values, ...within } } as Input<N>;
  const list = useList<N>(of, input);
  const column_choice = useColumns(label, columns);
  const cells = useFoldedCells<Item<N>>(column_choice.shown);
  const [choosing, setChoosing] = useState(false);
  const { counts, newest } = useCounts(props.counted, { ...values, ...within });
  const asked = JSON.stringify([query, params, values, within]);
  const narrowed = Object.values(values).filter((chosen) => chosen.length > 0).length;
  const rows = (props.useRows ?? asTheyAre)(list.rows) as readonly Item<N>[];
  useRemembered(rows, openHref);
  const row = peeked === '' ? undefined : rows.find((one) => keyOf(one) === peeked);

  const choice = useChoice(rows, keyOf, asked);
  const { menu, onMenu } = useRowMenu({
    facets,
    values,
    onNarrow: setValues,
    hrefOf: (one) => openHref?.(one as Item<N>),
  });

  const nothing = (
    <NothingListed
      {...{ of, query, values, within, label, list, range, empty }}
      noun={props.noun}
      log={props.log}
      onChange={setValues}
    />
  );

  return (
    <>
      <div style={{ display: 'flex', gap: 12, alignItems: 'center', flexWrap: 'wrap' }}>
        <div style={{ flex: '1 1 640px', minWidth: 0 }}>
          {facets.length > 0 && (
            <Filters {...{ facets, counts, newest, values }} example={props.example} onChange={setValues} />
          )}
        </div>
        {props.aside}
        {facets.length > 0 && <SavedViews />}
        <ListTools of={of} input={input} label={label} onColumns={() => setChoosing(true)} />
        {menu}
        {choosing && (
          <ColumnsDialog label={label} all={columns} choice={column_choice} onClose={() => setChoosing(false)} />
        )}
      </div>
      {list.error && list.rows.length > 0 && (
        <Failed what="This list is not fresh" error={list.error} onRetry={list.retry} />
      )}
      {props.span !== undefined && <RangeBar range={range} values={values} onChange={setValues} tail={tail} />}
      {props.above?.(values, setValues)}
      {props.bulk && <Chosen of={choice}>{props.bulk(choice.rows, choice.clear)}</Chosen>}
      <WithPeek>
        <Table<Item<N>>
          // Another question has other rows: none of the list before is held.
          key={asked}
          place={`${of} ${asked}`}
          label={label}
          rows={rows}
          keyOf={keyOf}
          columns={column_choice.shown}
          widths={column_choice.widths}
          onWidth={column_choice.give}
          {...(least !== undefined && { least })}
          {...(props.height !== undefined && { height: props.height })}
          folded={props.folded ?? cells}
          total={list.total}
          is_still={tail !== undefined && !tail.on}
          peeked={peeked || null}
          {...(openHref && { onOpen: (one: Item<N>) => navigate(openHref(one)) })}
          {...(peek && { onPeek: (one: Item<N>) => setPeeked(keyOf(one) === peeked ? '' : keyOf(one)) })}
          {...(onKey && { onKey })}
          onMenu={(one, at) => onMenu(one as object, at)}
          {...(props.bulk && { chosen: choice.chosen, onChoose: choice.toggle })}
          onEnd={list.onEnd}
          empty={nothing}
          footer={
            <Extent
              shown={rows.length}
              list={list}
              total={list.total ?? (newest.status === undefined ? summed(counts, values) : undefined) ?? list.total}
              {...{ time: has_time ? range.words : null, narrowed }}
            />
          }
        />
        {peek && row !== undefined && (
          <Peek
            label={`One of ${label.toLowerCase()}`}
            title={peekTitle?.(row) ?? keyOf(row)}
            onClose={() => setPeeked('')}
          >
            {peek(row)}
          </Peek>
        )}
      </WithPeek>
    </>
  );
}

/** Whether the newest rows of a log come in by themselves; undefined: the list is no log. */
function useTail(log: Log | undefined, { to = [] }: Filtering): Tail | undefined {
  const [word, setWord] = useUrlWord('tail', '');
  if (log === undefined) return undefined;
  const has_end = to.length > 0;
  return { on: word === 'on' && !has_end, has_end, choose: (on) => setWord(on ? 'on' : '') };
}

const asTheyAre = <Row,>(rows: readonly Row[]): readonly Row[] => rows;

/** What the sums count, where a list is too long to be counted itself. */
function summed(counts: Counts | undefined, { status = [] }: Filtering): number | undefined {
  if (!counts?.status) return undefined;
  return [...counts.status].reduce(
    (sum, [of, { count }]) => sum + (status.length === 0 || status.includes(of) ? count : 0),
    0,
  );
}

interface ExtentProps {
  shown: number;
  /** How many there are in all; null: more than were counted. */
  total: number | null | undefined;
  /** From when to when it is; null: it is of no time. */
  time: string | null;
  list: Pick<List<unknown>, 'total_at_least' | 'took_ms' | 'still_since' | 'is_cut' | 'is_reading_on' | 'refresh'>;
  narrowed: number;
}

/** How much of how much is here, so that nothing is missing in silence. */
function Extent({ shown, total, time, list, narrowed }: ExtentProps) {
  const { total_at_least, took_ms, still_since, is_cut, is_reading_on, refresh } = list;
  if (shown === 0) return null;
  // Rows that are kept for longer, as of runs that have just ended, are in no total any more.
  const all = total === undefined ? shown : total === null ? null : Math.max(total, shown);
  return (
    <>
      1–{exactText(shown)} of {totalText({ total: all, total_at_least })}
      {time !== null && ` · ${time}`}
      {narrowed > 0 && ` · filtered by ${narrowed}`}
      {is_reading_on && <LoadingMore what="further rows" />}
      {took_ms !== undefined && ` · query ${Math.round(took_ms)} ms`}
      {is_cut && ` · no more than ${exactText(most_rows)} rows are listed: filter them`}
      {still_since !== null && (
        <>
          {' '}
          · as of <Instant at={still_since} clock /> UTC, as long lists stand still{' '}
          <Button small kind="plain" onClick={refresh}>
            Begin again
          </Button>
        </>
      )}
    </>
  );
}
