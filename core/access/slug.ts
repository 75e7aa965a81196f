import { z } from 'zod';
import { id_prefixes } from '../base/id.ts';

const looks_like_id = new RegExp(`^(?:${Object.values(id_prefixes).join('|')})_[0-7][0-9a-hjkmnp-tv-z]{25}$`);

/** A name the caller chose, accepted wherever an id is; so it never looks like an id, and stands in a path as it is. */
export const slug = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$/,
    'must have 1 to 128 letters, digits or any of . _ : @ + - and begin with a letter or a digit',
  )
  .refine((text) => !looks_like_id.test(text), 'must not look like an id');

/** An id or a slug, as it stands in a path or in a list of references. */
export const reference = z.string().min(1).max(256);

/** What people read. */
export const display_name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'must not have line breaks or other control characters');

/** Who is asked about an object: a person or a team, by a name or an address as people write it. */
export const owner = display_name.meta({ description: 'Who is asked about it: a person or a team, in words' });

/** Why something was changed, for the ledger. */
export const reason = z.string().trim().min(1).max(500).meta({ description: 'Why, for the ledger' });

/** The page of the console that shows the object. */
export const url = z.url();

/** A change that names nothing is a mistake of the caller. */
export const namesSomething = (body: object): boolean => Object.values(body).some((value) => value !== undefined);
