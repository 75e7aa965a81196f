import { type InfiniteData, type QueryKey, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call, type Input, type Item, type Name } from './api.ts';
import { type ApiProblem, isCancelled } from './problem.ts';
import { type Shared, sharing } from './row-texts.ts';
import { abortable } from './waiting.ts';

interface ListAnswer {
  items: object[];
  next_cursor: string | null;
  total: number | null;
  total_at_least: number;
  generated_at: string;
}

interface ReadPage extends ListAnswer {
  /** From the question to its answer. */
  took_ms: number;
}

export interface List<Row> {
  rows: readonly Row[];
  /** How many there are in all; null: more than were counted. */
  total: number | null | undefined;
  /** There are at least so many. */
  total_at_least: number;
  /** How long its latest page took to come. */
  took_ms: number | undefined;
  /** Since when the rows stand still, as a list of many pages does; null: they are of now. */
  still_since: string | null;
  /** No more pages are read: the question is too wide for a list. */
  is_cut: boolean;
  error: ApiProblem | null;
  isLoading: boolean;
  /** A further page is being read. */
  is_reading_on: boolean;
  retry: () => void;
  /** Begins again with the first page, as it is now. */
  refresh: () => void;
  /** Reads the next page; absent while one is read, and where there is none. */
  onEnd: (() => void) | undefined;
}

const first_page = 100;
const further_page = 200;
/** A list of more pages is not read again as a whole whenever something happens. */
const most_live_pages = 10;
/** What a browser holds with ease; beyond it a filter is asked for. */
export const most_rows = 500_000;

/** A list with as many pages as were asked for. */
export function useList<N extends Name>(name: N, input: Input<N> = {}): List<Item<N>> {
  const client = useQueryClient();
  const asked_as = [name, input, 'pages'];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the texts of one question are shared
  const share = useMemo<Shared>(sharing, [JSON.stringify(asked_as)]);
  const asked = useInfiniteQuery<ReadPage, ApiProblem, InfiniteData<ReadPage>, QueryKey, string | null>({
    queryKey: asked_as,
    initialPageParam: null,
    enabled: ({ state }) => (state.data?.pages.length ?? 0) <= most_live_pages && !isCancelled(state.error),
    queryFn: async ({ pageParam, signal, client }) => {
      const query = { ...input.query, limit: pageParam === null ? first_page : further_page, cursor: pageParam };
      const begun_ms = performance.now();
      const ask = (either: AbortSignal) => call(name, { ...input, query } as Input<N>, either);
      const now = client.getQueryState(asked_as);
      // A reader waits for the first page and for a further one; that what is there is made fresh, nobody waits for.
      const is_waited_for = now?.data === undefined || now.fetchMeta?.fetchMore !== undefined;
      const page = (await (is_waited_for ? abortable(signal, ask) : ask(signal))) as ListAnswer;
      for (const item of page.items) share(item);
      return { ...page, took_ms: performance.now() - begun_ms };
    },
    getNextPageParam: (last) => last.next_cursor,
  });
  const pages = asked.data?.pages;
  const rows = useMemo(() => (pages ?? []).flatMap(({ items }) => items) as Item<N>[], [pages]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = asked;
  const is_cut = hasNextPage && rows.length >= most_rows;
  return {
    rows,
    total: pages && !hasNextPage ? rows.length : pages?.[0]?.total,
    total_at_least: Math.max(pages?.[0]?.total_at_least ?? 0, hasNextPage ? rows.length + 1 : rows.length),
    took_ms: pages?.at(-1)?.took_ms,
    still_since: pages && pages.length > most_live_pages ? (pages[0]?.generated_at ?? null) : null,
    is_cut,
    error: asked.error,
    isLoading: asked.isPending,
    is_reading_on: isFetchingNextPage,
    retry: () => void (asked.isFetchNextPageError ? fetchNextPage() : asked.refetch()),
    refresh: () => void client.resetQueries({ queryKey: asked_as, exact: true }),
    onEnd:
      hasNextPage && !isFetchingNextPage && !is_cut && !isCancelled(asked.error)
        ? () => void fetchNextPage()
        : undefined,
  };
}
