import { type ReactNode, useMemo } from 'react';
import { useLocation } from 'wouter';
import { type Input, type Item, type Name, useList } from '../api.ts';
import { Button } from '../ui/Button.tsx';
import { type Facet, type Filtering, Filters } from '../ui/Filters.tsx';
import { exactText } from '../ui/format.ts';
import { Empty, Failed, Loading } from '../ui/States.tsx';
import { type Column, Table } from '../ui/Table.tsx';
import { useUrlFilters, useUrlWord } from '../url-state.ts';
import { Loosening } from './Loosening.tsx';
import { useRemembered } from './last-list.ts';
import { Peek, WithPeek } from './Peek.tsx';

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
  /** What it means that there is nothing, when nothing is filtered out. */
  empty: ReactNode;
  /** What stands beside the filters. */
  aside?: ReactNode;
  /** What stands between the filters and the rows, for what is chosen. */
  above?: (values: Filtering, set: (values: Filtering) => void) => ReactNode;
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
  const list = useList<N>(of, { ...(params && { params }), query: { ...query, ...values } } as Input<N>);
  const asked = JSON.stringify([query, params, values]);
  const narrowed = Object.values(values).filter((chosen) => chosen.length > 0).length;
  const rows = (props.useRows ?? asTheyAre)(list.rows) as readonly Item<N>[];
  useRemembered(useMemo(() => (openHref ? rows.map(openHref) : []), [rows, openHref]));
  const row = peeked === '' ? undefined : rows.find((one) => keyOf(one) === peeked);

  const nothing = list.error ? (
    <Failed what={`${label} could not be loaded`} error={list.error} onRetry={list.retry} />
  ) : list.isLoading ? (
    <div style={{ padding: '0 16px' }}>
      <Loading what={label.toLowerCase()} />
    </div>
  ) : narrowed > 0 ? (
    <Empty title="Nothing matches">
      <Loosening of={of} query={query} values={values} onChange={setValues} />
      <Button small onClick={() => setValues({})}>
        Clear all filters
      </Button>
    </Empty>
  ) : (
    empty
  );

  return (
    <>
      {(facets.length > 0 || props.aside) && (
        <div style={{ display: 'flex', gap: 12, alignItems: 'center', flexWrap: 'wrap' }}>
          {facets.length > 0 && (
            <div style={{ flex: '1 1 640px', minWidth: 0 }}>
              <Filters facets={facets} values={values} onChange={setValues} />
            </div>
          )}
          {props.aside}
        </div>
      )}
      {list.error && list.rows.length > 0 && (
        <Failed what="This list is not fresh" error={list.error} onRetry={list.retry} />
      )}
      {props.above?.(values, setValues)}
      <WithPeek>
        <Table<Item<N>>
          // Another question has other rows: none of the list before is held.
          key={asked}
          label={label}
          rows={rows}
          keyOf={keyOf}
          columns={columns}
          {...(least !== undefined && { least })}
          total={list.total}
          peeked={peeked || null}
          {...(openHref && { onOpen: (one: Item<N>) => navigate(openHref(one)) })}
          {...(peek && { onPeek: (one: Item<N>) => setPeeked(keyOf(one) === peeked ? '' : keyOf(one)) })}
          {...(onKey && { onKey })}
          onEnd={list.onEnd}
          empty={nothing}
          footer={<Extent shown={rows.length} total={list.total} narrowed={narrowed} />}
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
  total: number | null | undefined;
  narrowed: number;
}

/** How much of how much is here, so that nothing is missing in silence. */
function Extent({ shown, total, narrowed }: ExtentProps) {
  if (shown === 0) return null;
  const whole = total === undefined ? exactText(shown) : total === null ? 'more than 10,000' : exactText(total);
  return (
    <>
      1–{exactText(shown)} of {whole}
      {narrowed > 0 && ` · filtered by ${narrowed}`}
    </>
  );
}
