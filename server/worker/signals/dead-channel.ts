import { observed } from '@aos/core/activity/signal-look.ts';
import { dead_channel, given_up } from '@aos/core/activity/signals/dead-channel.ts';
import { failingChannels } from '../../store/signal-sources.ts';
import { foundIn, type Source } from './define.ts';

export const deadChannels: Source = async ({ tx, at_ms, most }) => {
  const rows = await failingChannels(tx, { since_ms: at_ms - given_up.span_ms, most });
  const dead_channels = rows.map(({ id, slug, kind, failing_since, dead }) =>
    observed(dead_channel, id, { channel: slug, kind, failing_since, dead }),
  );
  return foundIn(rows, most, dead_channels);
};
