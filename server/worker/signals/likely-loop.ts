import { observed } from '@aos/core/activity/signal-look.ts';
import { likely_loop, loop } from '@aos/core/activity/signals/likely-loop.ts';
import { epochMs } from '@aos/core/base/time.ts';
import { repeatedTools } from '../../store/signal-sources.ts';
import { foundIn, type Source } from './define.ts';

export const likelyLoops: Source = async ({ tx, at_ms, most }) => {
  const rows = await repeatedTools(tx, { since_ms: at_ms - loop.span_ms, most }, loop.times);
  const loops = rows.map(({ run_id, project_id, agent_id, agent_slug, is_synthetic, first_at, last_at, ...of }) => {
    const { tool, params_hash, times } = of;
    const span_ms = epochMs(last_at) - epochMs(first_at);
    const facts = { who: agent_slug ?? 'A run', tool, params_hash, times, span_ms };
    const concerned = { run_id, project_id, agent_id, is_synthetic };
    return observed(likely_loop, `${run_id} ${tool} ${params_hash}`, facts, concerned);
  });
  return foundIn(rows, most, loops);
};
