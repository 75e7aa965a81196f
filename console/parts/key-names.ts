import { useApi } from '../api.ts';

/** Who wrote a version of a policy, as people call them. */
export const authorWords = (id: string, name: string | null): string =>
  name ?? (id.startsWith('key_') ? 'somebody outside of this project' : id);

/**
 * The names of keys and of the members behind them, by the id of the key, whichever project is chosen; what may not be
 * seen is not in it.
 */
export function useKeyNames(enabled = true): ReadonlyMap<string, string> {
  const keys = useApi('listApiKeys', { query: { limit: 200 }, everywhere: true }, { enabled });
  const members = useApi('listMembers', { query: { limit: 200 } }, { enabled });
  return new Map([
    ...(keys.data?.items ?? []).map((of) => [of.id, of.name] as const),
    ...(members.data?.items ?? []).map((of) => [of.api_key_id, of.name] as const),
  ]);
}
