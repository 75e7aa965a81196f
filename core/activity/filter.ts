import { z } from 'zod';
import { costCompared, spanCompared, unknown_amount } from './comparison.ts';

/** One value or several (`a=1&a=2`): what matches any of them is listed. */
const several = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(item).min(1).max(50)).optional();

/** A name has at most 256 characters; one more is for the `!` or `\` in front of it (named.ts). */
const name = z
  .string()
  .min(1)
  .max(257)
  .refine((text) => !text.includes('\0'), 'must not contain NUL characters')
  .refine((text) => text !== '!', 'must say after ! what is left out');

const left_out = 'Several: any of them. With ! in front (!name): what has it is left out';

/** Names as they are, for example models; with `!` in front, those that are left out. */
export const names = several(name).meta({ description: left_out });

/** The same for names that need a word about what they are. */
export const namesOf = (what: string) => names.meta({ description: `${what}. ${left_out}` });

/** Words of a closed list, also in one value with commas (`status=failed,cancelled`). */
export const words = <const Word extends string>(of: readonly [Word, ...Word[]]) =>
  z
    .preprocess(
      (value) => (typeof value === 'string' ? [value] : value),
      z.preprocess(
        (value) => (Array.isArray(value) ? value.flatMap((text) => String(text).split(',')) : value),
        z.array(z.enum(of)).min(1).max(50),
      ),
    )
    .optional();

/** A text to be found in what people read. */
export const free_text = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !text.includes('\0'), 'must not contain NUL characters');

const compared = (isOne: (text: string) => boolean, examples: string) =>
  several(z.string().refine(isOne, `must be a comparison: ${examples}`));

/** Amounts of money on one side of others. */
export const costs = compared(
  (text) => text === unknown_amount || costCompared(text) !== null,
  '>0.5, >=0.5, <2 or <=2 in USD, or unknown',
);

/** Spans of time on one side of others. */
export const spans = compared((text) => spanCompared(text) !== null, '>30s, >=500ms, <2m or <=1h');

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);
const instantAsked = z
  .string()
  .refine(
    (text) => moment.safeParse(text).success,
    'must be an instant (2026-01-31T12:00:00Z) or a UTC date (2026-01-31)',
  );

/** From this instant on, and before that one. A date alone is its first instant in UTC. */
export const time_filter = {
  from: instantAsked.optional().meta({ description: 'At or after this instant (RFC 3339) or UTC date' }),
  to: instantAsked.optional().meta({ description: 'Before this instant (RFC 3339) or UTC date' }),
};

/** Who asked: ids, or the names that callers chose. */
export const asker_filter = {
  agent: namesOf('Id or slug'),
  actor: namesOf('Id or slug'),
  api_key: namesOf('Id or name'),
  project: namesOf('Id or slug'),
  session: namesOf('Id or external id'),
};
export type AskerFilter = z.infer<z.ZodObject<typeof asker_filter>>;

/** Synthetic data shows by default in the project `demo` and nowhere else. */
export const synthetic_filter = {
  is_synthetic: z
    .enum(['true', 'false', 'all'])
    .optional()
    .meta({ description: 'Made by a demo or a scenario; left out by default, except in the project demo' }),
};
