import { observed } from '@aos/core/activity/signal-look.ts';
import { near_limit, near_percent } from '@aos/core/activity/signals/near-limit.ts';
import { tiersOf } from '@aos/core/policies/alert.ts';
import { whole_limit } from '@aos/core/policies/alert-settings.ts';
import type { CountedLimit } from '../counted-limits.ts';
import type { Source } from './define.ts';
import { standingsFrom } from './limit-standing.ts';

const lastTier = ({ control }: CountedLimit): number =>
  tiersOf(control).findLast((tier) => tier < whole_limit) ?? near_percent;

export const nearLimits: Source = async (look) => {
  const { standings, is_all } = await standingsFrom(look, lastTier);
  const near = standings.map(({ of, subject, facts, concerned }) =>
    observed(near_limit, `${of.control.id} ${subject}`, facts, concerned),
  );
  return { observed: near, is_all };
};
