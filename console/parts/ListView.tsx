import { type ReactNode, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import type { Input, Item, Name } from '../api.ts';
import { type List, most_rows, useList } from '../list.ts';
import { Button } from '../ui/Button.tsx';
import { type ChangeFiltering, type Facet, type Filtering, Filters } from '../ui/Filters.tsx';
import { exactText } from '../ui/format.ts';
import { Empty, Failed, Loading, LoadingMore } from '../ui/States.tsx';
import { type Column, Table } from '../ui/Table.tsx';
import { Instant } from '../ui/Time.tsx';
import { useUrlFilters, useUrlWord } from '../url-state.ts';
import { Chosen, useChoice } from './Chosen.tsx';
import { ColumnsDialog, useColumns } from './ColumnsDialog.tsx';
import { ListTools } from './ListTools.tsx';
import { Loosening } from './Loosening.tsx';
import { useRemembered } from './last-list.ts';
import { Peek, WithPeek } from './Peek.tsx';
import { useRowMenu } from './RowMenu.tsx';
import { SavedViews } from './SavedViews.tsx';
import { Unshown } from './Unshown.tsx';

interface Props<N extends Name> {
  /** An endpoint that answers with a list. */
  of: N;
  label: string;
  /** What is always asked for, besides what the reader narrows it to. */
  query?: Input<N>['query'];
  params?: Input<N>['params'];
  facets: readonly Facet[];
  columns: readonly Column<Item<N>>[];
  least?: number;
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
  const input = { ...(params && { params }), query: { ...query, ...values } } as Input<N>;
  const list = useList<N>(of, input);
  const column_choice = useColumns(label, columns);
  const [choosing, setChoosing] = useState(false);
  const asked = JSON.stringify([query, params, values]);
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

  const unshown = props.noun !== undefined && (
    <Unshown of={of} query={query} noun={props.noun} values={values} onChange={setValues} />
  );
  const nothing = list.error ? (
    <Failed what={`${label} could not be loaded`} error={list.error} onRetry={list.retry} />
  ) : list.isLoading ? (
    <div style={{ padding: '0 16px' }}>
      <Loading what={label.toLowerCase()} />
    </div>
  ) : narrowed > 0 ? (
    <Empty title="Nothing matches">
      <Loosening of={of} query={query} values={values} onChange={setValues} />
      {unshown}
      <Button small onClick={() => setValues({})}>
        Clear all filters
      </Button>
    </Empty>
  ) : (
    <>
      {empty}
      {unshown && <div style={{ padding: '0 24px 24px' }}>{unshown}</div>}
    </>
  );

  return (
    <>
      <div style={{ display: 'flex', gap: 12, alignItems: 'center', flexWrap: 'wrap' }}>
        <div style={{ flex: '1 1 640px', minWidth: 0 }}>
          {facets.length > 0 && <Filters facets={facets} values={values} onChange={setValues} />}
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
          total={list.total}
          peeked={peeked || null}
          {...(openHref && { onOpen: (one: Item<N>) => navigate(openHref(one)) })}
          {...(peek && { onPeek: (one: Item<N>) => setPeeked(keyOf(one) === peeked ? '' : keyOf(one)) })}
          {...(onKey && { onKey })}
          onMenu={(one, at) => onMenu(one as object, at)}
          {...(props.bulk && { chosen: choice.chosen, onChoose: choice.toggle })}
          onEnd={list.onEnd}
          empty={nothing}
          footer={<Extent shown={rows.length} list={list} narrowed={narrowed} />}
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

const asTheyAre = <Row,>(rows: readonly Row[]): readonly Row[] => rows;

interface ExtentProps {
  shown: number;
  list: Pick<List<unknown>, 'total' | 'took_ms' | 'still_since' | 'is_cut' | 'is_reading_on' | 'refresh'>;
  narrowed: number;
}

/** How much of how much is here, so that nothing is missing in silence. */
function Extent({ shown, list, narrowed }: ExtentProps) {
  const { total, took_ms, still_since, is_cut, is_reading_on, refresh } = list;
  if (shown === 0) return null;
  // Rows that are kept for longer, as of runs that have just ended, are in no total any more.
  const all = total === undefined ? shown : total === null ? null : Math.max(total, shown);
  const whole = all === null ? 'more than 10,000' : exactText(all);
  return (
    <>
      1–{exactText(shown)} of {whole}
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
