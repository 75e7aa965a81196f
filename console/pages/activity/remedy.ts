import { naming } from '@aos/core/activity/named.ts';
import type { SignalName } from '@aos/core/activity/signals/index.ts';
import type { SignalRow } from '../../parts/SignalDialogs.tsx';
import { hrefOf } from '../../paths.ts';

type Of = Pick<SignalRow, 'subject' | 'evidence' | 'agent_slug' | 'api_key_id' | 'is_synthetic'>;

/** Where something can be done about a signal, or its cause be seen. */
interface Remedy {
  href: string;
  text: string;
}

/** Its subject is the limit, and whose balance it is. */
function limit({ subject }: Of): Remedy {
  const [id = '', whose = '*'] = subject.split(' ');
  const search = new URLSearchParams({ limit: id, ...(whose !== '*' && { subject: whose }) });
  return { href: `/limits?${search}`, text: 'Its limit' };
}

/** Of the agent it is about, also where that is a demo's. */
const ofAgent = ({ agent_slug, is_synthetic }: Of, more: Record<string, string>): URLSearchParams =>
  new URLSearchParams({
    ...more,
    ...(agent_slug !== null && { agent: naming(agent_slug) }),
    ...(is_synthetic && { is_synthetic: 'all' }),
  });

/** One for each type; null: its run or its policy, which a card names anyway. */
const remedies: Readonly<Record<SignalName, (of: Of) => Remedy | null>> = {
  NEAR_LIMIT: limit,
  FORECAST_BREACH: limit,
  BURN_RATE_JUMP: (of) => ({ href: `/activity/metrics?${ofAgent(of, { range: '24h' })}`, text: 'Its last 24 h' }),
  LIKELY_LOOP: () => null,
  ERROR_BURST: (of) => ({ href: `/activity/completed?${ofAgent(of, { status: 'failed' })}`, text: 'Its failed runs' }),
  PROVIDER_DEGRADED: () => ({ href: '/settings/providers', text: 'Providers' }),
  UNKNOWN_PRICE: ({ evidence }) => {
    const { provider, model } = evidence as { provider: string; model: string };
    const search = new URLSearchParams({ provider: naming(provider), model: naming(model) });
    return { href: `/settings/prices?${search}`, text: 'Set its price' };
  },
  UNBOUND_IDENTITY: ({ api_key_id }) =>
    api_key_id === null ? null : { href: hrefOf(api_key_id), text: 'Bind its key' },
  SHADOW_WOULD_BLOCK: () => null,
  DEAD_CHANNEL: ({ subject }) => ({ href: `/settings/channels?peek=${subject}`, text: 'Its channel' }),
};

export const remedyOf = (type: SignalName, of: Of): Remedy | null => remedies[type](of);
