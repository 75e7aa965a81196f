import { access_endpoints } from './access.ts';
import { activity_endpoints } from './activity.ts';
import { alert_endpoints } from './alerts.ts';
import { effect_endpoints } from './effects.ts';
import { event_endpoints } from './events.ts';
import { exception_endpoints } from './exceptions.ts';
import { explain_endpoints } from './explain.ts';
import { guard_endpoints } from './guard.ts';
import { incident_endpoints } from './incidents.ts';
import { limit_endpoints } from './limits.ts';
import { log_endpoints } from './logs.ts';
import { match_endpoints } from './matches.ts';
import { member_endpoints } from './members.ts';
import { pause_endpoints } from './pauses.ts';
import { policy_endpoints } from './policies.ts';
import { policy_file_endpoints } from './policy-files.ts';
import { preview_endpoints } from './previews.ts';
import { run_step_endpoints } from './run-steps.ts';
import { run_endpoints } from './runs.ts';
import { search_endpoints } from './search.ts';
import { shadow_endpoints } from './shadow.ts';
import { signal_endpoints } from './signals.ts';
import { stop_endpoints } from './stops.ts';
import { synthetic_endpoints } from './synthetic.ts';
import { system_endpoints } from './system.ts';
import { target_endpoints } from './targets.ts';
import { view_endpoints } from './views.ts';

/** Every endpoint of the control plane by name. Routes, OpenAPI and the tests of refusals are made from it. */
export const all_endpoints = {
  ...access_endpoints,
  ...member_endpoints,
  ...activity_endpoints,
  ...signal_endpoints,
  ...policy_endpoints,
  ...policy_file_endpoints,
  ...preview_endpoints,
  ...explain_endpoints,
  ...exception_endpoints,
  ...limit_endpoints,
  ...incident_endpoints,
  ...log_endpoints,
  ...stop_endpoints,
  ...pause_endpoints,
  ...run_endpoints,
  ...run_step_endpoints,
  ...synthetic_endpoints,
  ...alert_endpoints,
  ...event_endpoints,
  ...system_endpoints,
  ...effect_endpoints,
  ...match_endpoints,
  ...search_endpoints,
  ...target_endpoints,
  ...view_endpoints,
  ...shadow_endpoints,
};

/** What the contract describes: the control plane, and what the gateway answers in a form of our own. */
export const documented_endpoints = { ...all_endpoints, ...guard_endpoints };
