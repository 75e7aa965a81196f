import { sealContext } from '../base/vault.ts';
import type { ProviderRow } from '../store/control-read.ts';
import type { Govern } from './govern.ts';

/** Provider keys in clear, by the row that holds them sealed: a replaced row is opened anew, an old one forgotten. */
const opened = new WeakMap<ProviderRow, string>();

/** The provider's key, opened at its first use and kept in memory only as long as its row is. */
export function openSecret(govern: Govern, tenant_id: string, provider: ProviderRow): string | null {
  if (provider.secret_envelope === null) return null;
  const known = opened.get(provider);
  if (known !== undefined) return known;
  const secret = govern.vault.open(provider.secret_envelope, sealContext(tenant_id, 'providers', provider.id));
  opened.set(provider, secret);
  return secret;
}
