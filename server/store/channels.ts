import { present } from '@aos/core/base/assert.ts';
import { sibling } from '@aos/core/base/id.ts';
import { type Channel, console_channel, type KnownChannel } from '@aos/core/policies/channel.ts';
import type { Tx } from '../base/database.ts';
import type { Slice } from './list.ts';
import { ofTenant, readNewest } from './plain-list.ts';

/** A channel without its secrets. */
export type ChannelRow = Channel;

const columns = 'id, slug, name, kind, address, enabled, tested_at, failing_since, created_at, updated_at';

export interface Envelopes {
  address_envelope: string | null;
  secret_envelope: string | null;
}

/** By id or slug. */
export async function findChannel(tx: Tx, ref: string): Promise<(ChannelRow & Envelopes) | undefined> {
  const [row] = await tx.query<ChannelRow & Envelopes>(
    `select ${columns}, address_envelope, secret_envelope from channels
      where tenant_id = current_tenant() and (id = $1 or slug = $1) and removed_at is null`,
    [ref],
  );
  return row;
}

export function listChannels(tx: Tx, page: { limit: number; cursor: string | null }): Promise<Slice> {
  const filter = ofTenant().always('removed_at is null');
  return readNewest(tx, { table: 'channels', columns, filter }, page);
}

/** What activation needs to know of all channels. */
export function knownChannels(tx: Tx): Promise<KnownChannel[]> {
  return tx.query<KnownChannel>(
    'select id, slug, enabled, tested_at from channels where tenant_id = current_tenant() and removed_at is null',
  );
}

export interface NewChannel extends Envelopes, Pick<ChannelRow, 'id' | 'slug' | 'name' | 'kind' | 'address'> {
  at: string;
}

/** Undefined: the slug is taken. */
export async function insertChannel(tx: Tx, tenant_id: string, of: NewChannel): Promise<ChannelRow | undefined> {
  const tested_at = of.kind === 'console' ? of.at : null;
  const [row] = await tx.query<ChannelRow>(
    `insert into channels (tenant_id, id, slug, name, kind, address, address_envelope, secret_envelope, enabled, tested_at, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $10, $10) on conflict do nothing returning ${columns}`,
    [
      ...[tenant_id, of.id, of.slug, of.name, of.kind, of.address],
      ...[of.address_envelope, of.secret_envelope, tested_at, of.at],
    ],
  );
  return row;
}

/** The channel that every tenant has. */
export async function insertConsole(tx: Tx, tenant_id: string, at: string): Promise<ChannelRow> {
  const id = sibling(tenant_id, 'channel');
  const of = { id, slug: console_channel, name: 'Console', kind: 'console', address: null, at } as const;
  const row = await insertChannel(tx, tenant_id, { ...of, address_envelope: null, secret_envelope: null });
  return present(row, 'the console of a new tenant');
}

export async function updateChannel(tx: Tx, of: ChannelRow & Envelopes): Promise<ChannelRow> {
  const [row] = await tx.query<ChannelRow>(
    `update channels set name = $2, address = $3, address_envelope = $4, secret_envelope = $5, enabled = $6, tested_at = $7, updated_at = $8
      where tenant_id = current_tenant() and id = $1 returning ${columns}`,
    [
      ...[of.id, of.name, of.address, of.address_envelope, of.secret_envelope],
      ...[of.enabled, of.tested_at, of.updated_at],
    ],
  );
  return present(row, 'the channel that changes');
}

export async function removeChannel(tx: Tx, id: string, at: string): Promise<void> {
  await tx.query(
    `update channels set removed_at = $2, enabled = false, updated_at = $2 where tenant_id = current_tenant() and id = $1`,
    [id, at],
  );
}

/** A test delivery arrived: from now on policies may use it. */
export async function markTested(tx: Tx, id: string, at: string): Promise<void> {
  await tx.query(
    'update channels set tested_at = $2, failing_since = null where tenant_id = current_tenant() and id = $1',
    [id, at],
  );
}

/** Answers whether the channel was well until now. */
export async function markFailing(tx: Tx, id: string, at: string): Promise<boolean> {
  const rows = await tx.query(
    'update channels set failing_since = $2 where tenant_id = current_tenant() and id = $1 and failing_since is null returning id',
    [id, at],
  );
  return rows.length > 0;
}

/** Answers whether the channel was failing until now. */
export async function markWell(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query(
    'update channels set failing_since = null where tenant_id = current_tenant() and id = $1 and failing_since is not null returning id',
    [id],
  );
  return rows.length > 0;
}
