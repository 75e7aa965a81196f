import type { Item } from '../../api.ts';

export type Key = Item<'listApiKeys'>;

export interface KeyNames {
  agent: (id: string) => string;
  actor: (id: string) => string;
  project: (id: string | null) => string;
}

const unused_after_ms = 30 * 86_400_000;

/** What somebody should look at: a key that may speak for anybody, or that nobody uses. */
export function warningsOf(key: Key, now_ms: number): string[] {
  if (key.revoked_at) return [];
  const unbound = key.role === 'service' && key.agent_ids.length === 0 ? ['not bound: it may call as any agent'] : [];
  const last_ms = Date.parse(key.last_used_at ?? key.created_at);
  const unused = now_ms - last_ms > unused_after_ms ? ['not used for 30 days'] : [];
  return [...unbound, ...unused];
}
