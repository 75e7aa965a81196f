import { access_endpoints } from './access.ts';
import { activity_endpoints } from './activity.ts';
import { incident_endpoints } from './incidents.ts';
import { limit_endpoints } from './limits.ts';
import { log_endpoints } from './logs.ts';
import { policy_endpoints } from './policies.ts';
import { stop_endpoints } from './stops.ts';

/** Every endpoint of the control plane by name. Routes, OpenAPI and the tests of refusals are made from it. */
export const all_endpoints = {
  ...access_endpoints,
  ...activity_endpoints,
  ...policy_endpoints,
  ...limit_endpoints,
  ...incident_endpoints,
  ...log_endpoints,
  ...stop_endpoints,
};
