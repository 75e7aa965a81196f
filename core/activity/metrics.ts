import { z } from 'zod';
import { count, usd } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';

export const metric_buckets = ['minute', 'hour', 'day'] as const;
export type MetricBucket = (typeof metric_buckets)[number];

export const bucket_ms: Record<MetricBucket, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** What calls add up to. Sums are exact; the sum over the parts of any breakdown is the total. */
const figures = {
  calls: count.meta({ description: 'Calls that reached a provider' }),
  failed: count.meta({ description: 'Of these, calls that did not succeed' }),
  refused: count.meta({ description: 'Calls that a decision stopped before a provider was called' }),
  input_tokens: count,
  output_tokens: count,
  cost_usd: usd,
  unpriced_calls: count.meta({ description: 'Calls whose model has no price: not part of cost_usd' }),
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
    by_agent: z.array(z.object({ agent_id: idOf('agent').nullable(), agent_slug: z.string().nullable(), ...figures })),
    by_project: z.array(
      z.object({ project_id: idOf('project').nullable(), project_slug: z.string().nullable(), ...figures }),
    ),
    generated_at: instant,
    url: z.string(),
  })
  .meta({ id: 'Metrics' });
export type Metrics = z.infer<typeof metrics>;
