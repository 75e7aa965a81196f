import { observed } from '@aos/core/activity/signal-look.ts';
import { burst, error_burst } from '@aos/core/activity/signals/error-burst.ts';
import { failingAgents } from '../../store/signal-sources.ts';
import { foundIn, type Source } from './define.ts';

export const errorBursts: Source = async ({ tx, at_ms, most }) => {
  const rows = await failingAgents(tx, { since_ms: at_ms - burst.span_ms, most }, burst.failed);
  const bursts = rows.map(({ name, failed, error_code, ...concerned }) => {
    const who = concerned.agent_id ?? concerned.api_key_id ?? 'unknown';
    const facts = { who: concerned.agent_id === null ? `key ${name}` : (name ?? who), failed, error_code };
    return observed(error_burst, `${concerned.project_id} ${who}`, facts, concerned);
  });
  return foundIn(rows, most, bursts);
};
