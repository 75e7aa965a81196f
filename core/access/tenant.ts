import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { slug, url } from './slug.ts';

/** The tenant of this installation's owners, and the one that owns what the installation records about itself. */
export const first_tenant_slug = 'default';
export const installation_slug = 'installation';

/** A customer: nothing of one tenant is ever seen by another. */
export const tenant = z.object({
  id: idOf('tenant'),
  slug,
  name: z.string(),
  created_at: instant,
  url,
});
export type Tenant = z.infer<typeof tenant>;
