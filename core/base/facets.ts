import { z } from 'zod';
import { count } from './column.ts';
import { instant } from './time.ts';

const value = z
  .object({
    value: z.string(),
    name: z.string().optional().meta({ description: 'What people call it, where the value is an id' }),
    count,
  })
  .meta({ id: 'FacetValue' });
export type FacetValue = z.infer<typeof value>;

/** Of a facet that has more values, those with the most rows are told. */
export const most_facet_values = 50;

const facet = z
  .array(value)
  .nullable()
  .meta({
    description: `The ${most_facet_values} with the most rows, most first. Null: not even the newest could be counted in time; where there are fewer than ${most_facet_values}, a value that is not among them has none`,
  });

/** How many rows of a list have each value of these filters, with every other filter as it is. */
export const facetsOf = <const Name extends string>(names: readonly Name[]) =>
  z.object({
    ...(Object.fromEntries(names.map((name) => [name, facet])) as Record<Name, typeof facet>),
    counted_newest: z.partialRecord(z.enum(names), count).meta({
      description: 'Facets that are counted over the newest so many rows alone, as all could not be counted in time',
    }),
    generated_at: instant,
  });

/** The names of what an answer counts by. */
export type FacetName<Facets> = Exclude<keyof Facets, 'generated_at' | 'counted_newest'> & string;
