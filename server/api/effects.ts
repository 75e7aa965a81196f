import { type effect_endpoints, effect_example } from '@aos/core/api/effects.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Handlers } from '../http/handler.ts';
import { effectExamples, effectsByAgent, effectsByDay, type Figures } from '../store/effects-read.ts';
import { orTooMuch, readMany } from '../store/list.ts';
import { inTenant, nowText } from './change.ts';
import { urlOf, visibleProject } from './read.ts';

const day_ms = 86_400_000;
const most_agents = 8;
const most_examples = 8;

export const effect_handlers: Handlers<typeof effect_endpoints> = {
  listPolicyEffects: ({ query }, context) =>
    inTenant(context, async (tx) => {
      await readMany(tx);
      const now_ms = context.deps.clock.now();
      const from_ms = Math.floor(now_ms / day_ms) * day_ms - (query.days - 1) * day_ms;
      const { is_synthetic: asked = 'false', policy_id, version, only } = query;
      const is_synthetic = asked === 'all' ? null : asked === 'true';
      const ask = { from_ms, policy_id, version, only, bound_to: visibleProject(context), is_synthetic };
      const reading = [
        effectsByDay(tx, ask),
        policy_id === undefined ? [] : effectsByAgent(tx, ask, most_agents),
        policy_id === undefined ? [] : effectExamples(tx, ask, most_examples),
      ] as const;
      const [days, by_agent, latest] = await Promise.all(reading).catch((error: unknown) => {
        throw orTooMuch(error);
      });
      const examples = latest.map((of) => effect_example.parse({ ...of, url: urlOf(context, of.decision_id) }));
      return { from: instantText(from_ms), items: itemsOf(days), by_agent, examples, generated_at: nowText(context) };
    }),
};

type Day = Figures & { policy_id: string; day: string; last_at: string };

function itemsOf(days: readonly Day[]) {
  const of = new Map<string, Day[]>();
  for (const day of days) of.set(day.policy_id, [...(of.get(day.policy_id) ?? []), day]);
  const sum = (all: readonly Day[], part: keyof Figures) => all.reduce((total, day) => total + day[part], 0);
  return [...of].map(([policy_id, all]) => ({
    policy_id,
    stopped: sum(all, 'stopped'),
    warned: sum(all, 'warned'),
    shadow: sum(all, 'shadow'),
    last_at:
      all
        .map(({ last_at }) => last_at)
        .sort()
        .at(-1) ?? '',
    days: all.map(({ day, stopped, warned, shadow }) => ({ day, stopped, warned, shadow })),
  }));
}
