import { observed } from '@aos/core/activity/signal-look.ts';
import { burn_rate_jump, jump } from '@aos/core/activity/signals/burn-rate-jump.ts';
import { costJumps } from '../../store/signal-sources.ts';
import { foundIn, type Source } from './define.ts';

export const burnRateJumps: Source = async ({ tx, at_ms, most }) => {
  const rows = await costJumps(tx, at_ms, jump, most);
  const jumps = rows.map(({ agent_id, agent_slug, project_id, ...facts }) =>
    observed(burn_rate_jump, `${project_id} ${agent_id}`, { who: agent_slug, ...facts }, { project_id, agent_id }),
  );
  return foundIn(rows, most, jumps);
};
