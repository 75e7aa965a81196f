import {
  type LedgerFilter,
  ledger_facets,
  type log_endpoints,
  record_facets,
  type SystemFilter,
  system_facets,
} from '@aos/core/api/logs.ts';
import { Problem } from '@aos/core/base/error.ts';
import { type LedgerEntry, ledger_entry } from '@aos/core/logs/ledger-entry.ts';
import { llm_run_record } from '@aos/core/logs/llm-run-record.ts';
import { system_record } from '@aos/core/logs/system-record.ts';
import type { Row, Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { rowsOf } from '../store/facets-read.ts';
import { eventsLike, facets_of_ledger, findLedgerEntry, ledgerListing } from '../store/ledger-read.ts';
import { cursorOf, mergeSlices, readLongList } from '../store/list.ts';
import { scopeOf } from '../store/list-scope.ts';
import { facets_of_records, findRecord, recordsListing } from '../store/records-read.ts';
import { facets_of_system, findSystemRecord, systemRecordsListing } from '../store/system-records-read.ts';
import { installationTenant } from '../store/tenant-ids.ts';
import { found, inTenant } from './change.ts';
import { readFacets } from './facets.ts';
import { oldestRecords } from './oldest-records.ts';
import { pageOf, readPage, urlOf, visibleProject } from './read.ts';

export const log_handlers: Handlers<typeof log_endpoints> = {
  listLlmRunRecords: ({ query }, context) => {
    const { tenant_id } = context.identity;
    return readPage(
      context,
      { limit: query.limit, cursor: cursorOf('record', query.cursor) },
      (tx) => scopeOf(tx, tenant_id, visibleProject(context), query),
      (scope) => recordsListing({ tenant_id, scope, asked: query }),
      showRecord(context),
    );
  },

  getLlmRunRecordFacets: async ({ query }, context) => {
    const { tenant_id } = context.identity;
    const rows = async (tx: Tx, asked: typeof query) => {
      const scope = await scopeOf(tx, tenant_id, visibleProject(context), asked);
      return rowsOf(recordsListing({ tenant_id, scope, asked }));
    };
    return record_facets.parse(await readFacets(context, query, [{ facets: facets_of_records, rows }]));
  },

  getLlmRunRecord: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const row = await findRecord(tx, context.identity.tenant_id, params.id, visibleProject(context));
      return showRecord(context)(found(row, 'LLM run record', '/api/v1/logs/llm-runs'));
    }),

  getOldestRecords: async ({ query }, context) => oldestRecords(context, await systemTenants(query, context)),

  listLedgerEntries: ({ query }, context) => {
    const { tenant_id } = context.identity;
    return readPage(
      context,
      { limit: query.limit, cursor: cursorOf('event', query.cursor) },
      (tx) => entriesAsked(tx, query, context),
      (narrowed) => ledgerListing({ tenant_id, ...narrowed }),
      showEntry(context),
    );
  },

  getLedgerFacets: async ({ query }, context) => {
    const { tenant_id } = context.identity;
    const rows = async (tx: Tx, asked: typeof query) =>
      rowsOf(ledgerListing({ tenant_id, ...(await entriesAsked(tx, asked, context)) }));
    return ledger_facets.parse(await readFacets(context, query, [{ facets: facets_of_ledger, rows }]));
  },

  getLedgerEntry: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const row = await findLedgerEntry(tx, context.identity.tenant_id, params.id, visibleProject(context));
      return showEntry(context)(found(row, 'ledger entry', '/api/v1/logs/audit'));
    }),

  listSystemRecords: async ({ query }, context) => {
    const page = { limit: query.limit, cursor: cursorOf('event', query.cursor) };
    const { db } = context.deps;
    const of_tenants = await systemTenants(query, context);
    const nothing = async () => null;
    const slices = of_tenants.map((tenant_id) =>
      readLongList(db, tenant_id, nothing, () => systemRecordsListing({ tenant_id, asked: query }), page),
    );
    return pageOf(context, mergeSlices(await Promise.all(slices), page.limit), showSystemRecord(context));
  },

  getSystemFacets: async ({ query }, context) => {
    const groups = (await systemTenants(query, context)).map((tenant_id) => ({
      tenant_id,
      facets: facets_of_system,
      rows: async (_: Tx, asked: typeof query) => rowsOf(systemRecordsListing({ tenant_id, asked })),
    }));
    const none = { severity: [], component: [], event: [] };
    return system_facets.parse({ ...none, ...(await readFacets(context, query, groups)) });
  },

  getSystemRecord: async ({ params }, context) => {
    const tenants = await systemTenants({ include: mayInclude(context) ? 'installation' : undefined }, context);
    const { db } = context.deps;
    const rows = tenants.map((tenant_id) => db.tenant(tenant_id, (tx) => findSystemRecord(tx, tenant_id, params.id)));
    const row = (await Promise.all(rows)).find((of) => of !== undefined);
    return showSystemRecord(context)(found(row, 'system record', '/api/v1/logs/system'));
  },
};

/** What is asked of the ledger, with names as ids and beginnings of events as the events there are. */
async function entriesAsked(tx: Tx, asked: LedgerFilter, context: Context) {
  const { tenant_id } = context.identity;
  const { agent, api_key, project } = asked;
  const scope = scopeOf(tx, tenant_id, visibleProject(context), { agent, api_key, project, is_synthetic: 'all' });
  const [ids, event] = await Promise.all([scope, eventsLike(tx, tenant_id, asked.event)]);
  return { scope: ids, asked: { ...asked, event } };
}

const showRecord = (context: Context) => (row: Row) => llm_run_record.parse({ ...row, url: urlOf(context, row.id) });
const showSystemRecord = (context: Context) => (row: Row) =>
  system_record.parse({ ...row, url: urlOf(context, row.id) });

const showEntry =
  (context: Context) =>
  (row: Row): LedgerEntry =>
    ledger_entry.parse({ ...row, url: urlOf(context, row.id), object_url: urlOf(context, row.object_id) });

/** The installation's own records are for its owners. */
const mayInclude = ({ identity }: Context): boolean => identity.of_installation && identity.role === 'owner';

/** Whose system records are read. They belong to no project, so a key of one project sees none. */
async function systemTenants({ include }: Pick<SystemFilter, 'include'>, context: Context): Promise<string[]> {
  const own = visibleProject(context) === null ? [context.identity.tenant_id] : [];
  if (include === undefined) return own;
  if (!mayInclude(context)) {
    throw new Problem(
      'forbidden',
      'include=installation is for owners of the first tenant: leave it out to read the records of your own.',
    );
  }
  const installation = await context.deps.db.installation(installationTenant);
  return installation === undefined ? own : [...own, installation];
}
