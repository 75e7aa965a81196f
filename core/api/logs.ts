import { z } from 'zod';
import { asker_filter, free_text, names, namesOf, synthetic_filter, time_filter, words } from '../activity/filter.ts';
import { facetsOf } from '../base/facets.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { instant } from '../base/time.ts';
import { actor_types, ledger_entry } from '../logs/ledger-entry.ts';
import { execution_statuses, llm_run_record, record_sources } from '../logs/llm-run-record.ts';
import { components, system_events, system_record, system_severities } from '../logs/system-record.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const of_event = z.strictObject({ id: idOf('event') });

const hash_beginning = z.string().regex(/^[0-9a-f]{8,64}$/, 'must be the first 8 to 64 hexadecimal digits of a hash');

const records_filter = z.strictObject({
  hash: hash_beginning.optional().meta({ description: 'How the hash of the prompt or of the answer begins' }),
  run: namesOf('Id of a run'),
  ...asker_filter,
  model: names,
  provider: names,
  status: words(execution_statuses),
  source: words(record_sources),
  ...time_filter,
  ...synthetic_filter,
});
export type RecordsFilter = z.infer<typeof records_filter>;
export const record_facets = facetsOf(['status', 'source', 'provider', 'model', 'agent']).meta({ id: 'RecordFacets' });
export type RecordFacets = z.infer<typeof record_facets>;

const { agent, api_key, project } = asker_filter;
const ledger_filter = z.strictObject({
  q: free_text.optional().meta({ description: 'In the reason, or the name of the event' }),
  event: namesOf('An event (POLICY_ACTIVATED), or how it begins (POLICY_*)'),
  object: namesOf('Id of the object that was changed'),
  object_type: names,
  policy: namesOf('Id of a policy: the entries about it'),
  run: namesOf('Id of a run: the entries about it and about what happened in it'),
  actor: namesOf('Who did it: id of an actor, a user or a key'),
  actor_type: words(actor_types),
  agent,
  api_key,
  project,
  ...time_filter,
});
export type LedgerFilter = z.infer<typeof ledger_filter>;
export const ledger_facets = facetsOf(['event', 'actor_type']).meta({ id: 'LedgerFacets' });
export type LedgerFacets = z.infer<typeof ledger_facets>;

const system_filter = z.strictObject({
  q: free_text.optional().meta({ description: 'In the summary' }),
  component: words(components),
  event: words(system_events),
  severity: words(system_severities),
  ...time_filter,
  include: z
    .literal('installation')
    .optional()
    .meta({ description: 'Also the records of the installation itself; for its owners' }),
});
export type SystemFilter = z.infer<typeof system_filter>;
export const system_facets = facetsOf(['severity', 'component', 'event']).meta({ id: 'SystemFacets' });
export type SystemFacets = z.infer<typeof system_facets>;

const oldest = instant.nullable().meta({ description: 'Null: there is none that this key may read' });
export const oldest_records = z
  .object({ llm_runs: oldest, audit: oldest, system: oldest, generated_at: instant })
  .meta({ id: 'OldestRecords' });

/** The raw truth. */
export const log_endpoints = {
  listLlmRunRecords: endpoint({
    method: 'GET',
    path: '/api/v1/logs/llm-runs',
    summary: 'LLM run records, newest first',
    permission: 'read_logs',
    query: z.strictObject({ ...page_query.shape, ...records_filter.shape }),
    answer: pageOf(llm_run_record).meta({ id: 'LlmRunRecordPage' }),
  }),
  getLlmRunRecordFacets: endpoint({
    method: 'GET',
    path: '/api/v1/logs/llm-runs/facets',
    summary: 'How many LLM run records of a list have each status, source, provider, model and agent',
    permission: 'read_logs',
    query: records_filter,
    answer: record_facets,
  }),
  getLlmRunRecord: endpoint({
    method: 'GET',
    path: '/api/v1/logs/llm-runs/:id',
    summary: 'An LLM run record',
    permission: 'read_logs',
    params: z.strictObject({ id: idOf('record') }),
    answer: llm_run_record,
  }),
  getOldestRecords: endpoint({
    method: 'GET',
    path: '/api/v1/logs/oldest',
    summary: 'From when the oldest record of each log is, synthetic ones included',
    permission: 'read_logs',
    query: system_filter.pick({ include: true }),
    answer: oldest_records,
  }),
  listLedgerEntries: endpoint({
    method: 'GET',
    path: '/api/v1/logs/audit',
    summary: 'Entries of the audit ledger, newest first',
    permission: 'read_logs',
    query: z.strictObject({ ...page_query.shape, ...ledger_filter.shape }),
    answer: pageOf(ledger_entry).meta({ id: 'LedgerPage' }),
  }),
  getLedgerFacets: endpoint({
    method: 'GET',
    path: '/api/v1/logs/audit/facets',
    summary: 'How many entries of the ledger of a list have each event and type of actor',
    permission: 'read_logs',
    query: ledger_filter,
    answer: ledger_facets,
  }),
  getLedgerEntry: endpoint({
    method: 'GET',
    path: '/api/v1/logs/audit/:id',
    summary: 'An entry of the audit ledger',
    permission: 'read_logs',
    params: of_event,
    answer: ledger_entry,
  }),
  listSystemRecords: endpoint({
    method: 'GET',
    path: '/api/v1/logs/system',
    summary: 'System records, newest first',
    permission: 'read_logs',
    query: z.strictObject({ ...page_query.shape, ...system_filter.shape }),
    answer: pageOf(system_record).meta({ id: 'SystemRecordPage' }),
  }),
  getSystemFacets: endpoint({
    method: 'GET',
    path: '/api/v1/logs/system/facets',
    summary: 'How many system records of a list have each severity, component and event',
    permission: 'read_logs',
    query: system_filter,
    answer: system_facets,
  }),
  getSystemRecord: endpoint({
    method: 'GET',
    path: '/api/v1/logs/system/:id',
    summary: 'A system record',
    permission: 'read_logs',
    params: of_event,
    answer: system_record,
  }),
} satisfies Endpoints;
