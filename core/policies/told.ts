import { type Contribution, unmeasured } from './decide.ts';
import type { ActivePolicy } from './snapshot.ts';

const withheld = 'its policy does not tell callers why';

/** Callers are told no amounts of this policy, and nothing of what it says. */
export const withholds = ({ document }: Pick<ActivePolicy, 'document'>): boolean => document.error_detail === 'minimal';

/** What callers know a policy by: a name may say its amounts. */
export const nameToCaller = ({ id, document }: Pick<ActivePolicy, 'id' | 'document'>): string =>
  withholds({ document }) ? id : document.name;

/** What the caller may read of what a control said: all, or of a policy with minimal errors that it spoke and how. */
export function toldToCaller(of: Contribution): Contribution {
  if (of.error_detail !== 'minimal') return of;
  const { raised: _, ...kept } = of;
  return { ...kept, ...unmeasured, policy_name: of.policy_id, reason: withheld };
}
