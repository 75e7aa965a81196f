import { useQueries } from '@tanstack/react-query';
import { call, type Item } from '../../api.ts';
import type { Shadow } from './attention.ts';

/** Of so many policies in shadow it is asked what they did there. */
const most = 20;
const minute = 60_000;

/** What the policies in shadow have seen, of whatever they will be asked before they are put in force. */
export function useShadows(policies: readonly Item<'listPolicies'>[]) {
  const asked = policies.filter(({ mode }) => mode === 'shadow').slice(0, most);
  const states = useQueries({
    queries: asked.map(({ id }) => {
      const input = { params: { id }, query: { is_synthetic: 'all' as const } };
      return {
        queryKey: ['getShadow', input],
        queryFn: ({ signal }: { signal: AbortSignal }) => call('getShadow', input, signal),
        staleTime: minute,
        refetchInterval: minute,
      };
    }),
  });
  const shadows: Shadow[] = states.flatMap(({ data }, at) =>
    data && asked[at] ? [{ ...data, name: asked[at].name }] : [],
  );
  return { shadows, isError: states.some(({ isError }) => isError) };
}
