import type { all_endpoints } from '@aos/core/api/index.ts';
import type { Handlers } from '../http/handler.ts';
import { access_handlers } from './access.ts';
import { activity_handlers } from './activity.ts';
import { alert_handlers } from './alerts.ts';
import { effect_handlers } from './effects.ts';
import { event_handlers } from './events.ts';
import { exemption_handlers } from './exemptions.ts';
import { explain_handlers } from './explain.ts';
import { incident_handlers } from './incidents.ts';
import { limit_handlers } from './limits.ts';
import { log_handlers } from './logs.ts';
import { match_handlers } from './matches.ts';
import { member_handlers } from './members.ts';
import { override_handlers } from './overrides.ts';
import { pause_handlers } from './pauses.ts';
import { policy_handlers } from './policies.ts';
import { policy_file_handlers } from './policy-files.ts';
import { preview_handlers } from './previews.ts';
import { run_step_handlers } from './run-steps.ts';
import { run_handlers } from './runs.ts';
import { search_handlers } from './search.ts';
import { shadow_handlers } from './shadow.ts';
import { signal_handlers } from './signals.ts';
import { stop_handlers } from './stops.ts';
import { synthetic_handlers } from './synthetic.ts';
import { system_handlers } from './system.ts';
import { target_handlers } from './targets.ts';
import { view_handlers } from './views.ts';

/** One handler for every endpoint of the control plane: a missing one does not compile. */
export const all_handlers: Handlers<typeof all_endpoints> = {
  ...access_handlers,
  ...member_handlers,
  ...activity_handlers,
  ...signal_handlers,
  ...policy_handlers,
  ...policy_file_handlers,
  ...preview_handlers,
  ...explain_handlers,
  ...override_handlers,
  ...exemption_handlers,
  ...limit_handlers,
  ...incident_handlers,
  ...log_handlers,
  ...stop_handlers,
  ...pause_handlers,
  ...run_handlers,
  ...run_step_handlers,
  ...synthetic_handlers,
  ...alert_handlers,
  ...event_handlers,
  ...system_handlers,
  ...effect_handlers,
  ...match_handlers,
  ...search_handlers,
  ...target_handlers,
  ...view_handlers,
  ...shadow_handlers,
};
