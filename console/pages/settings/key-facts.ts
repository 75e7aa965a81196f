import type { Item } from '../../api.ts';

export type Key = Item<'listApiKeys'>;

export interface KeyNames {
  agent: (id: string) => string;
  actor: (id: string) => string;
  project: (id: string | null) => string;
}

const unused_after_ms = 90 * 86_400_000;

export const unused_words = 'not used for 90 days';

/** It could be used, and nobody has for long. */
export const isUnused = (key: Key, now_ms: number): boolean =>
  key.revoked_at === null && now_ms - Date.parse(key.last_used_at ?? key.created_at) > unused_after_ms;

/** From where and with which program it was used last; null: nobody has, or it is not for this reader. */
export function originOf({ last_used_ip, last_used_client }: Key): string | null {
  const parts = [last_used_ip, last_used_client].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' · ') : null;
}

/** What somebody should look at: a key that may speak for anybody, or that nobody uses. */
export function warningsOf(key: Key, now_ms: number): string[] {
  if (key.revoked_at) return [];
  const unbound = key.role === 'service' && key.agent_ids.length === 0 ? ['not bound: it may call as any agent'] : [];
  return [...unbound, ...(isUnused(key, now_ms) ? [unused_words] : [])];
}
