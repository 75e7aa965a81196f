import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { role } from './permission.ts';
import { display_name, namesSomething, reason, reference, url } from './slug.ts';

const member_statuses = ['invited', 'active', 'disabled'] as const;

/** A person who signs in to the console. */
export const member = z
  .object({
    id: idOf('user'),
    email: z.string(),
    name: z.string(),
    role,
    project_id: idOf('project').nullable(),
    status: z.enum(member_statuses),
    api_key_id: idOf('api_key').meta({ description: 'What they act by: the ledger names it' }),
    invite_expires_at: instant.nullable(),
    locked_until: instant.nullable().meta({ description: 'Too many wrong passwords: no sign-in before' }),
    last_signed_in_at: instant.nullable(),
    created_at: instant,
    created_by: z.string().nullable(),
    url,
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof member>;

/** With the link that lets them choose a password, this once. */
export const invited_member = member
  .extend({ invite_url: z.string().meta({ description: 'Shown this once; good for 7 days' }) })
  .meta({ id: 'InvitedMember' });

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[^\s@<>,;"]{1,64}@[a-z0-9.-]{1,189}$/, 'must be an e-mail address');

export const new_member = z.strictObject({
  email,
  name: display_name.optional(),
  role,
  /** Id or slug; null: the whole tenant; absent: the project of the key that invites. */
  project_id: reference.nullable().optional(),
});

export const member_change = z
  .strictObject({ name: display_name.optional(), role: role.optional(), reason })
  .refine(({ name, role }) => namesSomething({ name, role }), 'must name what to change');

/** Long enough that guessing is hopeless; anything beyond is a waste of hashing. */
const password = z.string().min(12).max(200);

export const invite_answer = z.strictObject({ token: z.string().min(20).max(100), password });
export const password_sign_in = z.strictObject({ email, password: z.string().min(1).max(200) });
