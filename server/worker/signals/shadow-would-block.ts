import { observed } from '@aos/core/activity/signal-look.ts';
import { shadow_would_block, shadowed } from '@aos/core/activity/signals/shadow-would-block.ts';
import { policiesIn } from '../../govern/control.ts';
import { shadowStops, subjectsNamed } from '../../store/signal-sources.ts';
import { concernedBy, namesAmong } from './concerned.ts';
import type { Source } from './define.ts';

export const shadowBlocks: Source = async ({ tx, control, at_ms }) => {
  const shadows = new Map(policiesIn(control).flatMap((of) => (of.mode === 'shadow' ? [[of.id, of] as const] : [])));
  const found = await shadowStops(tx, at_ms - shadowed.span_ms, [...shadows.keys()], shadowed.most);
  const targets = [...shadows.values()].flatMap(({ document }) => document.target.ids);
  const names = namesAmong(await subjectsNamed(tx, targets));
  const blocks = found.flatMap(({ policy_id, times, is_synthetic }) => {
    const policy = shadows.get(policy_id);
    if (!policy) return [];
    const facts = { policy_name: policy.document.name, times };
    const concerned = { ...concernedBy(control, policy, names, undefined), is_synthetic };
    return observed(shadow_would_block, policy_id, facts, concerned);
  });
  return { observed: blocks, is_all: true };
};
