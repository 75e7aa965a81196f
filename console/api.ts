import type { Endpoint } from '@aos/core/api/endpoint.ts';
import type { all_endpoints } from '@aos/core/api/index.ts';
import { endpoints } from '@aos/sdk/endpoints.generated.ts';
import {
  type UseMutationResult,
  type UseQueryOptions,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { id_shape } from './paths.ts';
import { ApiProblem, isCancelled } from './problem.ts';
import { chosenProject } from './project.ts';
import { abortable } from './waiting.ts';

type All = typeof all_endpoints;
export type Name = keyof All;
type Parts<N extends Name> =
  All[N] extends Endpoint<infer P, infer Q, infer B, infer A> ? { params: P; query: Q; body: B; answer: A } : never;

export type Answer<N extends Name> = Parts<N>['answer'];
/** One item of a list that the endpoint answers with. */
export type Item<N extends Name> = Answer<N> extends { items: (infer Of)[] } ? Of : never;

export interface Input<N extends Name> {
  params?: Parts<N>['params'];
  /** By the names of the contract; arrays are sent as several values, absent and empty ones not at all. */
  query?: { [K in keyof Parts<N>['query']]?: unknown };
  body?: { [K in keyof Parts<N>['body']]?: unknown };
  /** Of all projects, whichever is chosen: what somebody is about to stop must not be counted in part. */
  everywhere?: boolean;
}

/** Where a question is asked, with its whole query: what a reader copies is what the page shows. */
export function pathFor<N extends Name>(name: N, input: Input<N> = {}): string {
  const [, template = ''] = endpoints[name].split(' ');
  return (
    pathOf(template, input.params ?? {}) +
    searchOf(input.everywhere ? (input.query ?? {}) : inProject(name, input.query))
  );
}

/** Asks the API. Throws `ApiProblem`, also when no answer comes. */
export async function call<N extends Name>(name: N, input: Input<N> = {}, signal?: AbortSignal): Promise<Answer<N>> {
  const [method = 'GET'] = endpoints[name].split(' ');
  const headers: Record<string, string> = { accept: 'application/json' };
  if (input.body !== undefined) headers['content-type'] = 'application/json';
  if (method === 'POST') headers['idempotency-key'] = onceKey();
  const answer = await fetch(pathFor(name, input), {
    method,
    headers,
    ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    const message =
      method === 'GET'
        ? 'The server does not answer. It may be restarting; what is shown is from before.'
        : 'The server does not answer: nothing is known to have been done, and nothing is kept to be done later. Look, and do it again, once it is back.';
    throw new ApiProblem({ status: 0, code: 'unreachable', message, request_id: null });
  });
  const body: unknown = await answer.json().catch((error: unknown) => {
    if (signal?.aborted) throw error;
    return null;
  });
  if (!answer.ok) throw problemOf(answer, body);
  return body as Answer<N>;
}

/** Lists that show what is in the chosen project, unless the page itself says which. */
const of_projects: ReadonlySet<Name> = new Set<Name>([
  'listRuns',
  'listLiveRuns',
  'listCompletedRuns',
  'getOutcomes',
  'getRunFacets',
  'getLlmRunRecordFacets',
  'getIncidentFacets',
  'getMetrics',
  'listIncidents',
  'listSignals',
  'listAlerts',
  'listLlmRunRecords',
  'listAgents',
  'listApiKeys',
  'listLedgerEntries',
  'getLedgerFacets',
]);

/** The same question in the chosen project, where the list is one that shows what is in it. */
export function inProject(name: Name, query: { project?: unknown; object?: unknown; q?: unknown } = {}): object {
  const chosen = chosenProject();
  const is_said = [query.project].flat().some((one) => one !== undefined && one !== null && one !== '');
  return chosen === null || is_said || isOfOne(query) || !of_projects.has(name) ? query : { ...query, project: chosen };
}

/** What is looked for by its id is found wherever it belongs, and what happened to one object is told whole. */
const isOfOne = ({ object, q }: { object?: unknown; q?: unknown }): boolean =>
  [object, q].flat().some((one) => typeof one === 'string' && id_shape.test(one));

function problemOf(answer: Response, body: unknown): ApiProblem {
  const said = (body as { error?: { message?: string; code?: string } } | null)?.error;
  return new ApiProblem({
    status: answer.status,
    code: said?.code ?? 'unknown',
    message: said?.message ?? `The server answered ${answer.status} without a reason.`,
    request_id: answer.headers.get('x-request-id'),
  });
}

const pathOf = (template: string, params: object): string =>
  template.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(String((params as Record<string, unknown>)[name])),
  );

function searchOf(query: object): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of [value].flat())
      if (one !== undefined && one !== null && one !== '') search.append(name, String(one));
  return search.size > 0 ? `?${search}` : '';
}

/** Random, so that a request that is sent twice takes effect once. */
function onceKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

type QueryMore<A> = Pick<UseQueryOptions<A, ApiProblem>, 'staleTime' | 'placeholderData' | 'refetchInterval'> & {
  enabled?: boolean;
};

/** What the API says, kept fresh by the events of the tab; see live.ts. */
export function useApi<N extends Name>(
  name: N,
  input: Input<N> = {},
  more: QueryMore<Answer<N>> = {},
): UseQueryResult<Answer<N>, ApiProblem> {
  return useQuery<Answer<N>, ApiProblem>({
    queryKey: [name, input],
    queryFn: ({ signal, client, queryKey }) =>
      client.getQueryData(queryKey) === undefined
        ? abortable(signal, (either) => call(name, input, either))
        : call(name, input, signal),
    ...more,
    enabled: ({ state }) => more.enabled !== false && !isCancelled(state.error),
  });
}

/** Does something through the API; afterwards everything that is shown is asked for again. */
export function useAct<N extends Name>(name: N): UseMutationResult<Answer<N>, ApiProblem, Input<N>> {
  const client = useQueryClient();
  return useMutation<Answer<N>, ApiProblem, Input<N>>({
    mutationFn: (input) => call(name, input),
    // Not waited for: what the page says of the act must not depend on what it shows afterwards.
    onSettled: () => void client.invalidateQueries(),
  });
}
