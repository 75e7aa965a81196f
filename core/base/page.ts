import { z } from 'zod';
import { instant } from './time.ts';

/** How a caller asks for a part of a list: at most 200 items after the cursor of the part before. */
export const page_query = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(512).optional(),
});
export type PageQuery = z.infer<typeof page_query>;

/** A part of a list. `total` is exact up to 10,000 and null beyond. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().nullable(),
    total: z.int().nullable(),
    generated_at: instant,
  });
