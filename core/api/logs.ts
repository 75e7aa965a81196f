import { z } from 'zod';
import { asker_filter, names, namesOf, synthetic_filter, time_filter, words } from '../activity/filter.ts';
import { idOf } from '../base/id.ts';
import { page_query, pageOf } from '../base/page.ts';
import { actor_types, ledger_entry } from '../logs/ledger-entry.ts';
import { execution_statuses, llm_run_record, record_sources } from '../logs/llm-run-record.ts';
import { components, system_events, system_record, system_severities } from '../logs/system-record.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const of_event = z.strictObject({ id: idOf('event') });

const records_query = z.strictObject({
  ...page_query.shape,
  run: namesOf('Id of a run'),
  ...asker_filter,
  model: names,
  provider: names,
  status: words(execution_statuses),
  source: words(record_sources),
  ...time_filter,
  ...synthetic_filter,
});
export type RecordsQuery = z.infer<typeof records_query>;

const { agent, api_key, project } = asker_filter;
const ledger_query = z.strictObject({
  ...page_query.shape,
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
export type LedgerQuery = z.infer<typeof ledger_query>;

const system_query = z.strictObject({
  ...page_query.shape,
  component: words(components),
  event: words(system_events),
  severity: words(system_severities),
  ...time_filter,
  include: z
    .literal('installation')
    .optional()
    .meta({ description: 'Also the records of the installation itself; for its owners' }),
});
export type SystemQuery = z.infer<typeof system_query>;

/** The raw truth. */
export const log_endpoints = {
  listLlmRunRecords: endpoint({
    method: 'GET',
    path: '/api/v1/logs/llm-runs',
    summary: 'LLM run records, newest first',
    permission: 'read_logs',
    query: records_query,
    answer: pageOf(llm_run_record).meta({ id: 'LlmRunRecordPage' }),
  }),
  getLlmRunRecord: endpoint({
    method: 'GET',
    path: '/api/v1/logs/llm-runs/:id',
    summary: 'An LLM run record',
    permission: 'read_logs',
    params: z.strictObject({ id: idOf('record') }),
    answer: llm_run_record,
  }),
  listLedgerEntries: endpoint({
    method: 'GET',
    path: '/api/v1/logs/audit',
    summary: 'Entries of the audit ledger, newest first',
    permission: 'read_logs',
    query: ledger_query,
    answer: pageOf(ledger_entry).meta({ id: 'LedgerPage' }),
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
    query: system_query,
    answer: pageOf(system_record).meta({ id: 'SystemRecordPage' }),
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
