import { z } from 'zod';
import { instant } from './time.ts';

/** How a caller asks for a part of a list: at most 200 items after the cursor of the part before. */
export const page_query = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(512).optional(),
});
export type PageQuery = z.infer<typeof page_query>;

/** How many a list has in all. */
export const totals = {
  total: z.int().nullable().meta({ description: 'Exact; null: more than 10,000, or too many to be counted in time' }),
  total_at_least: z.int().meta({ description: 'There are at least so many: the total where it is known' }),
};

/** A part of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().nullable(),
    ...totals,
    generated_at: instant,
  });
