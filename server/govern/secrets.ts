import type { Deps } from '../base/deps.ts';
import { sealContext } from '../base/vault.ts';
import type { ProviderRow } from '../store/control-read.ts';

/** Provider keys in clear, by the row that holds them sealed: a replaced row is opened anew, an old one forgotten. */
const opened = new WeakMap<ProviderRow, string>();

/** The provider's key, opened at its first use and kept in memory only as long as its row is. */
export function openSecret(deps: Pick<Deps, 'vault'>, tenant_id: string, provider: ProviderRow): string | null {
  if (provider.secret_envelope === null) return null;
  const known = opened.get(provider);
  if (known !== undefined) return known;
  const secret = deps.vault.open(provider.secret_envelope, sealContext(tenant_id, 'providers', provider.id));
  opened.set(provider, secret);
  return secret;
}
