import { burn_rate_jump } from './burn-rate-jump.ts';
import { dead_channel } from './dead-channel.ts';
import { error_burst } from './error-burst.ts';
import { forecast_breach } from './forecast-breach.ts';
import { likely_loop } from './likely-loop.ts';
import { near_limit } from './near-limit.ts';
import { provider_degraded } from './provider-degraded.ts';
import { shadow_would_block } from './shadow-would-block.ts';
import { unbound_identity } from './unbound-identity.ts';
import { unknown_price } from './unknown-price.ts';

/** Every type of signal. A new one is its file and its name here; how it is found is in `server/worker/signals`. */
export const signal_types = [
  near_limit,
  forecast_breach,
  burn_rate_jump,
  likely_loop,
  error_burst,
  provider_degraded,
  unknown_price,
  unbound_identity,
  shadow_would_block,
  dead_channel,
] as const;

export type SignalName = (typeof signal_types)[number]['type'];

export const signal_names = signal_types.map(({ type }) => type) as [SignalName, ...SignalName[]];
