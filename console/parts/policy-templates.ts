import type { Draft, DraftControl, DraftTarget } from './policy-draft.ts';

const alerts = { tiers: [50, 70, 90], channels: ['console'] };
const of = (kind: string): DraftTarget => ({ kind, ids: [], except_ids: [] });
const draft = (target: DraftTarget, control: DraftControl): Draft => ({
  name: '',
  target,
  mode: 'shadow',
  controls: [control],
});

/** Where a new policy may start, by the word in the address. */
export const templates: Readonly<Record<string, { name: string; draft: Draft }>> = {
  'daily-cap': {
    name: 'Daily cap per agent',
    draft: draft(of('agent'), {
      limit: { type: 'cost_usd', max: '10.00', window: { per: 'day', timezone: 'UTC' }, count_per: 'together' },
      alerts,
      action: 'block',
    }),
  },
  'run-tokens': {
    name: 'Token cap per run',
    draft: draft(of('agent'), {
      limit: { type: 'tokens_total', max: '200000', window: { per: 'run' }, count_per: 'together' },
      alerts,
      action: 'block',
    }),
  },
  'requests-per-minute': {
    name: 'Requests per minute per key',
    draft: draft(of('all_runs'), {
      limit: { type: 'requests', max: '60', window: { per: 'minute', timezone: 'UTC' }, count_per: 'api_key' },
      alerts: { tiers: [90], channels: ['console'] },
      action: 'block',
    }),
  },
  'step-cap': {
    name: 'Step cap per run',
    draft: draft(of('agent'), {
      limit: { type: 'steps', max: '25', window: { per: 'run' }, count_per: 'together' },
      alerts,
      action: 'kill',
    }),
  },
  'model-allow-list': {
    name: 'Models that may be called',
    draft: draft(of('project'), { rule: { type: 'model_access', params: { allow: [] } }, action: 'block' }),
  },
};

/** A cap on cost without an amount: what the wizard opens with. */
export const blank: Draft = draft(of('agent'), {
  limit: { type: 'cost_usd', max: '', window: { per: 'day', timezone: 'UTC' }, count_per: 'together' },
  alerts,
  action: 'block',
});
