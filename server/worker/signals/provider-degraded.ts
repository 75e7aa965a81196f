import { observed } from '@aos/core/activity/signal-look.ts';
import { degraded, provider_degraded } from '@aos/core/activity/signals/provider-degraded.ts';
import { failingProviders } from '../../store/signal-sources.ts';
import { foundIn, type Source } from './define.ts';

export const degradedProviders: Source = async ({ tx, at_ms, most }) => {
  const rows = await failingProviders(tx, { since_ms: at_ms - degraded.span_ms, most }, degraded);
  return foundIn(
    rows,
    most,
    rows.map((facts) => observed(provider_degraded, facts.provider, facts)),
  );
};
