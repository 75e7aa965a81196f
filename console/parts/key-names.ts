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

/** The name of one key: of those beyond the first of the lists it is asked for by the id. */
export function useKeyName(id: string | null, names: ReadonlyMap<string, string>): string | null {
  const known = id === null ? undefined : names.get(id);
  const is_unknown = known === undefined && names.size > 0 && (id?.startsWith('key_') ?? false);
  const one = useApi('getApiKey', { params: { id: id ?? '' }, everywhere: true }, { enabled: is_unknown });
  return known ?? one.data?.name ?? null;
}
