import type { SignalName } from '@aos/core/activity/signals/index.ts';
import { burnRateJumps } from './burn-rate-jump.ts';
import { deadChannels } from './dead-channel.ts';
import type { Source } from './define.ts';
import { errorBursts } from './error-burst.ts';
import { forecastBreaches } from './forecast-breach.ts';
import { likelyLoops } from './likely-loop.ts';
import { nearLimits } from './near-limit.ts';
import { degradedProviders } from './provider-degraded.ts';
import { shadowBlocks } from './shadow-would-block.ts';
import { unboundIdentities } from './unbound-identity.ts';
import { unknownPrices } from './unknown-price.ts';

/** How signals of each type are found: a type without a source does not compile. */
export const sources: Record<SignalName, Source> = {
  NEAR_LIMIT: nearLimits,
  FORECAST_BREACH: forecastBreaches,
  BURN_RATE_JUMP: burnRateJumps,
  LIKELY_LOOP: likelyLoops,
  ERROR_BURST: errorBursts,
  PROVIDER_DEGRADED: degradedProviders,
  UNKNOWN_PRICE: unknownPrices,
  UNBOUND_IDENTITY: unboundIdentities,
  SHADOW_WOULD_BLOCK: shadowBlocks,
  DEAD_CHANNEL: deadChannels,
};
