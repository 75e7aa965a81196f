import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { most_askers } from './most-askers.ts';

export const metric_buckets = ['minute', 'hour', 'day'] as const;
export type MetricBucket = (typeof metric_buckets)[number];

export const bucket_ms: Record<MetricBucket, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** What calls can be told apart by when it is asked for: there may be very many of each. */
export const metric_askers = ['actor', 'api_key'] as const;
export type MetricAsker = (typeof metric_askers)[number];

/** What calls add up to. Sums are exact; the sum over the parts of any breakdown is the total. */
const counts = {
  calls: count.meta({ description: 'Calls that reached a provider' }),
  failed: count.meta({ description: 'Of these, calls that did not succeed' }),
  refused: count.meta({ description: 'Calls that a decision stopped before a provider was called' }),
  input_tokens: count,
  output_tokens: count,
  cost_usd: usd,
  unpriced_calls: count.meta({ description: 'Calls whose model has no price: not part of cost_usd' }),
};
export type Counts = { [Name in keyof typeof counts]: z.infer<(typeof counts)[Name]> };

const figures = {
  ...counts,
  p50_duration_ms: z.number().nullable().meta({
    description:
      'From admission to settling; half of the calls took no longer. Over hours that are summed up already, within 5 %',
  }),
  p95_duration_ms: z.number().nullable(),
};
export type Figures = { [Name in keyof typeof figures]: z.infer<(typeof figures)[Name]> };

export const metrics = z
  .object({
    from: instant,
    to: instant,
    bucket: z.enum(metric_buckets),
    totals: z.object(figures).meta({ id: 'Figures' }),
    buckets: z.array(z.object({ start: instant, ...figures })),
    by_model: z.array(z.object({ provider: z.string().nullable(), model: z.string().nullable(), ...figures })),
    by_provider: z.array(z.object({ provider: z.string().nullable(), ...figures })),
    by_agent: z.array(z.object({ agent_id: idOf('agent').nullable(), agent_slug: z.string().nullable(), ...figures })),
    by_project: z.array(
      z.object({ project_id: idOf('project').nullable(), project_slug: z.string().nullable(), ...figures }),
    ),
    by_asker: z
      .object({
        of: z.enum(metric_askers),
        items: z.array(
          z.object({
            id: z.string(),
            name: z.string().nullable().meta({ description: 'Slug of the actor, name of the key' }),
            ...counts,
          }),
        ),
        rest: z.object(counts).meta({ description: 'Calls of nobody, and of those who are not among the items' }),
      })
      .nullable()
      .meta({ description: `The ${most_askers} dearest people or keys, when group_by asks for them` }),
    generated_at: instant,
    url: z.string(),
  })
  .meta({ id: 'Metrics' });
export type Metrics = z.infer<typeof metrics>;
