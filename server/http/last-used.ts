import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Database } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import { type KeyUse, touchApiKeys } from '../store/api-keys.ts';

/** Notes when keys were used, from where and with which program: at most once a minute each, many at once, and nobody waits for it. */
export interface LastUsed {
  note(tenant_id: string, key: { id: string; last_used_at: string | null }, use: KeyUse): void;
  /** Writes what is noted. Never fails: a note that is lost costs nothing but precision. */
  flush(): Promise<void>;
}

const precision_ms = 60_000;
const gathering_ms = 1_000;

const recorders = new WeakMap<Database, LastUsed>();

export function lastUsedOf(deps: Deps): LastUsed {
  const known = recorders.get(deps.db);
  if (known) return known;
  const made = createLastUsed(deps);
  recorders.set(deps.db, made);
  return made;
}

function createLastUsed(deps: Deps): LastUsed {
  let waiting = new Map<string, Map<string, KeyUse>>();
  let timer: NodeJS.Timeout | undefined;

  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    const notes = waiting;
    waiting = new Map();
    const at = instantText(deps.clock.now());
    for (const [tenant_id, uses] of notes) {
      try {
        await deps.db.tenant(tenant_id, (tx) => touchApiKeys(tx, uses, at));
      } catch (error) {
        deps.log.debug({ error }, 'the last use of keys could not be noted');
      }
    }
  };

  return {
    note(tenant_id, { id, last_used_at }, use) {
      if (last_used_at !== null && deps.clock.now() - epochMs(last_used_at) < precision_ms) return;
      const uses = waiting.get(tenant_id) ?? new Map();
      waiting.set(tenant_id, uses.set(id, use));
      timer ??= setTimeout(flush, gathering_ms).unref();
    },
    flush,
  };
}
