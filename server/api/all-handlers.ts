import type { all_endpoints } from '@aos/core/api/index.ts';
import type { Handlers } from '../http/handler.ts';
import { access_handlers } from './access.ts';
import { activity_handlers } from './activity.ts';
import { incident_handlers } from './incidents.ts';
import { limit_handlers } from './limits.ts';
import { log_handlers } from './logs.ts';
import { policy_handlers } from './policies.ts';
import { stop_handlers } from './stops.ts';

/** One handler for every endpoint of the control plane: a missing one does not compile. */
export const all_handlers: Handlers<typeof all_endpoints> = {
  ...access_handlers,
  ...activity_handlers,
  ...policy_handlers,
  ...limit_handlers,
  ...incident_handlers,
  ...log_handlers,
  ...stop_handlers,
};
