import { z } from 'zod';
import { asker_filter, synthetic_filter, time_filter, words } from '../activity/filter.ts';
import { acknowledge_signal, signal, signal_page, signal_statuses, suppress_signal } from '../activity/signal.ts';
import { signal_names } from '../activity/signals/index.ts';
import { idOf } from '../base/id.ts';
import { page_query } from '../base/page.ts';
import { type Endpoints, endpoint } from './endpoint.ts';

const of_signal = z.strictObject({ id: idOf('signal') });
const { agent, api_key, project } = asker_filter;

/** What deserves attention before it becomes an incident. */
export const signal_endpoints = {
  listSignals: endpoint({
    method: 'GET',
    path: '/api/v1/activity/signals',
    summary: 'Signals, newest first, and all conditions that are watched',
    permission: 'read',
    query: z.strictObject({
      ...page_query.shape,
      type: words(signal_names),
      status: words(signal_statuses),
      ...{ agent, api_key, project },
      ...time_filter,
      ...synthetic_filter,
    }),
    answer: signal_page,
  }),
  getSignal: endpoint({
    method: 'GET',
    path: '/api/v1/activity/signals/:id',
    summary: 'A signal with its evidence',
    permission: 'read',
    params: of_signal,
    answer: signal,
  }),
  acknowledgeSignal: endpoint({
    method: 'POST',
    path: '/api/v1/activity/signals/:id/acknowledge',
    summary: 'Somebody looks after it; it is open again only if it gets worse, and is resolved when it has passed',
    permission: 'operate',
    params: of_signal,
    body: acknowledge_signal,
    answer: signal,
  }),
  suppressSignal: endpoint({
    method: 'POST',
    path: '/api/v1/activity/signals/:id/suppress',
    summary: 'Nothing is told of it for a time (15 minutes to 30 days), whether its condition comes or goes',
    permission: 'operate',
    params: of_signal,
    body: suppress_signal,
    answer: signal,
  }),
} satisfies Endpoints;
