import type { ChannelKind } from '@aos/core/policies/channel.ts';
import type { Attempt, Delivery, Notice } from '@aos/core/policies/delivery.ts';
import { kept_attempts } from '@aos/core/policies/delivery.ts';
import type { Tx } from '../base/database.ts';
import { jsonText } from './json-text.ts';
import { Filter, type Listing } from './list.ts';

/** Where processes hear that something is to be delivered for a tenant. */
export const delivery_channel = 'aos_deliveries';

export interface NewDelivery {
  id: string;
  alert_id: string;
  /** Slug or id. */
  channel: string;
  notice: Notice;
  at: string;
  /** Before it, nobody is told. */
  due_at: string;
}

/**
 * What is to be told of alerts, each only when its alert exists under this id: in the transaction that writes the
 * alert, so that none is told without being written, and none is written without being told. What is there stays.
 */
export async function insertDeliveries(tx: Tx, rows: readonly NewDelivery[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `with sent as (
       insert into deliveries (tenant_id, id, alert_id, channel_id, status, notice, next_attempt_at, last_error, created_at, delivered_at)
       select a.tenant_id, d.id, a.id, c.id,
           case when c.kind = 'console' then 'delivered' when c.enabled then 'pending' else 'dead' end,
           d.notice, case when c.enabled and c.kind <> 'console' then d.due_at end,
           case when not c.enabled then 'the channel was disabled' end, d.at, case when c.kind = 'console' then d.at end
         from jsonb_to_recordset($1) d(id text, alert_id text, channel text, notice jsonb, at timestamptz, due_at timestamptz)
         join alerts a on a.tenant_id = current_tenant() and a.id = d.alert_id
         join channels c on c.tenant_id = a.tenant_id and (c.slug = d.channel or c.id = d.channel) and c.removed_at is null
       on conflict (tenant_id, id) do nothing returning status)
     select pg_notify('${delivery_channel}', current_tenant()) from sent where status = 'pending' limit 1`,
    [jsonText(rows)],
    'insert_deliveries',
  );
}

/** A test, written when it is over. */
export async function insertTest(
  tx: Tx,
  of: { id: string; channel_id: string; notice: Notice; attempt: Attempt },
): Promise<void> {
  const { attempt } = of;
  await tx.query(
    `insert into deliveries (tenant_id, id, channel_id, status, notice, attempts, last_error, log, created_at, delivered_at)
      values (current_tenant(), $1, $2, $3, $4, 1, $5, $6, $7, $8)`,
    [
      ...[of.id, of.channel_id, attempt.error === null ? 'delivered' : 'dead', jsonText(of.notice)],
      ...[attempt.error, jsonText([attempt]), attempt.at, attempt.error === null ? attempt.at : null],
    ],
  );
}

/** Channels of the tenant with something that is due. */
export async function channelsDue(tx: Tx, at: string): Promise<string[]> {
  const rows = await tx.query<{ channel_id: string }>(
    `select distinct channel_id from deliveries where tenant_id = current_tenant() and status = 'pending'
        and next_attempt_at <= $1 and (lease_until is null or lease_until < $1)`,
    [at],
  );
  return rows.map(({ channel_id }) => channel_id);
}

/** A delivery that this process may attempt until its lease ends, with its channel. */
export interface Claimed {
  id: string;
  attempts: number;
  notice: Notice;
  kind: ChannelKind;
  slug: string;
  enabled: boolean;
  address_envelope: string;
  secret_envelope: string | null;
  failing_since: string | null;
}

/** Takes what is due for a channel, oldest first. Several processes may ask: each delivery is given to one of them. */
export function claimDeliveries(
  tx: Tx,
  of: { channel_id: string; at: string; until: string; owner: string; limit: number },
): Promise<Claimed[]> {
  return tx.query<Claimed>(
    `update deliveries d set lease_owner = $4, lease_until = $3
       from channels c
      where d.tenant_id = current_tenant() and c.tenant_id = d.tenant_id and c.id = d.channel_id and d.id in (
        select id from deliveries where tenant_id = current_tenant() and channel_id = $1 and status = 'pending'
            and next_attempt_at <= $2 and (lease_until is null or lease_until < $2)
          order by next_attempt_at, id limit ${of.limit} for update skip locked)
      returning d.id, d.attempts, d.notice, c.kind, c.slug, c.enabled, c.address_envelope, c.secret_envelope, c.failing_since`,
    [of.channel_id, of.at, of.until, of.owner],
  );
}

/** What came of one attempt. `next_attempt_at` null: it is over, one way or the other. */
export interface Attempted {
  id: string;
  owner: string;
  status: Delivery['status'];
  attempt: Attempt;
  next_attempt_at: string | null;
}

/** Writes an attempt down; without effect when the lease has gone to somebody else, who writes their own. */
export async function writeAttempt(tx: Tx, of: Attempted): Promise<boolean> {
  const rows = await tx.query(
    `update deliveries set status = $3, attempts = attempts + 1, next_attempt_at = $4, last_error = $5, lease_owner = null, lease_until = null,
        delivered_at = $6, log = (case when jsonb_array_length(log) >= ${kept_attempts} then log - 0 else log end) || $7::jsonb
      where tenant_id = current_tenant() and id = $1 and lease_owner = $2 and status = 'pending' returning id`,
    [
      ...[of.id, of.owner, of.status, of.next_attempt_at, of.attempt.error],
      ...[of.status === 'delivered' ? of.attempt.at : null, jsonText(of.attempt)],
    ],
  );
  return rows.length > 0;
}

const shown = `d.id, d.alert_id, d.channel_id, c.slug as channel_slug, c.kind, d.status, d.attempts, d.next_attempt_at,
  d.last_error, d.log, d.created_at, d.delivered_at`;
const joined = 'join channels c on c.tenant_id = d.tenant_id and c.id = d.channel_id';

export function deliveryListing(of: {
  status?: string[] | undefined;
  alert_id?: string | undefined;
  channel_id?: string | undefined;
  project_id: string | null;
}): Listing {
  const filter = new Filter()
    .always('d.tenant_id = current_tenant()')
    .among('d.status', of.status)
    .where('d.alert_id = ?', of.alert_id)
    .where('d.channel_id = ?', of.channel_id)
    .where(
      'exists (select from alerts a where a.tenant_id = d.tenant_id and a.id = d.alert_id and a.project_id = ?)',
      of.project_id ?? undefined,
    );
  const around = (rows: string) => `select ${shown} from (${rows}) d ${joined} order by d.id desc`;
  return { table: 'deliveries d', id: 'd.id', order: 'newest', filter, around };
}

export async function findDelivery(tx: Tx, id: string, project_id: string | null): Promise<Delivery | undefined> {
  const [row] = await tx.query<Delivery>(
    `select ${shown} from deliveries d ${joined} where d.tenant_id = current_tenant() and d.id = $1
        and ($2::text is null or exists (select from alerts a
          where a.tenant_id = d.tenant_id and a.id = d.alert_id and a.project_id = $2))`,
    [id, project_id],
  );
  return row;
}

/** Makes a delivery due at once, a dead one too; its earlier attempts do not count against the new ones. */
export async function retryDelivery(tx: Tx, id: string, at: string): Promise<boolean> {
  const rows = await tx.query(
    `update deliveries set status = 'pending', attempts = 0, next_attempt_at = $2, lease_owner = null, lease_until = null
      where tenant_id = current_tenant() and id = $1 and status <> 'delivered' and alert_id is not null returning id`,
    [id, at],
  );
  if (rows.length === 0) return false;
  await tx.query(`select pg_notify('${delivery_channel}', current_tenant())`);
  return true;
}
