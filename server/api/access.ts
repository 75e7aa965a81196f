import type { access_endpoints } from '@aos/core/api/access.ts';
import type { Handlers } from '../http/handler.ts';
import { api_key_handlers } from './api-keys.ts';
import { oidc_handlers } from './oidc-sign-ins.ts';
import { price_handlers } from './prices.ts';
import { project_handlers } from './projects.ts';
import { provider_handlers } from './providers.ts';
import { sign_in_handlers } from './sign-ins.ts';
import { tenant_handlers } from './tenants.ts';

/** Who is asking: tenants, projects, agents, actors, keys; and the providers and prices they use. */
export const access_handlers: Handlers<typeof access_endpoints> = {
  ...tenant_handlers,
  ...sign_in_handlers,
  ...oidc_handlers,
  ...project_handlers,
  ...api_key_handlers,
  ...provider_handlers,
  ...price_handlers,
};
