import { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { closeGate } from '../store/gate.ts';
import { appendToLedger, type LedgerEntry } from '../store/ledger.ts';
import type { Slice } from '../store/list.ts';

export const nowText = ({ deps }: Context): string => instantText(deps.clock.now());

/** A transaction of the caller's tenant that reads. */
export const inTenant = <T>({ deps, identity }: Context, work: (tx: Tx) => Promise<T>): Promise<T> =>
  deps.db.tenant(identity.tenant_id, work);

/**
 * A transaction of the caller's tenant that changes what admission depends on: when its answer is out, no call is
 * admitted under the state before it. Changes of one tenant come one after the other.
 */
export const inControl = <T>({ deps, identity }: Context, work: (tx: Tx) => Promise<T>): Promise<T> =>
  deps.db.tenant(identity.tenant_id, async (tx) => {
    await closeGate(tx, identity.tenant_id);
    return work(tx);
  });

/** What the ledger says of a change. `before` and `after` never hold a secret. */
export interface Change {
  event: string;
  object_type: string;
  object_id: string;
  before: object | null;
  after: object | null;
  reason?: string | null;
  project_id?: string | null;
  agent_id?: string | null;
  run_id?: string | null;
}

function entryOf({ deps, identity, request_id }: Context, change: Change): LedgerEntry {
  return {
    id: deps.makeId('event'),
    event: change.event,
    actor_type: identity.is_human ? 'human' : 'service',
    actor_id: identity.api_key.id,
    object_type: change.object_type,
    object_id: change.object_id,
    api_key_id: identity.api_key.id,
    agent_id: change.agent_id ?? null,
    project_id: change.project_id ?? identity.project_id,
    run_id: change.run_id ?? null,
    before: change.before as Json,
    after: change.after as Json,
    reason: change.reason ?? null,
    request_id,
    occurred_at: instantText(deps.clock.now()),
  };
}

/** Writes the change into the caller's ledger, in the transaction that makes it. */
export const record = (tx: Tx, context: Context, change: Change): Promise<void> => recordAll(tx, context, [change]);

export const recordAll = (tx: Tx, context: Context, changes: readonly Change[]): Promise<void> =>
  appendToLedger(
    tx,
    context.identity.tenant_id,
    changes.map((change) => entryOf(context, change)),
  );

/** The object as the API shows it: the row and the page of the console that it has. */
export const shown = <Row extends { id: string }>({ deps }: Context, row: Row): Row & { url: string } => ({
  ...row,
  url: consoleUrl(deps.config.public_url, row.id),
});

/** A part of a list as the API shows it. `Row` is what the statement behind it selects. */
export const shownPage = <Row extends { id: string }>(context: Context, { rows, ...page }: Slice) => ({
  items: (rows as unknown as Row[]).map((row) => shown(context, row)),
  ...page,
  generated_at: nowText(context),
});

/** Says nothing of the id: what another tenant has and what nobody has are answered alike. */
export function found<Row>(row: Row | undefined, noun: string, list: string): Row {
  if (row !== undefined) return row;
  throw new Problem('not_found', `There is no ${noun} with this id. GET ${list} lists those that are there.`);
}

export function unlessTaken<Row>(row: Row | undefined, noun: string, slug: string): Row {
  if (row !== undefined) return row;
  throw new Problem(
    'conflict',
    `There is ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun} with the slug "${slug}" already. Choose another slug.`,
  );
}
