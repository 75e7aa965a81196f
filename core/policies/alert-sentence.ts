import type { AlertKind } from './alert.ts';
import type { LimitOf, LimitType } from './limits/define.ts';
import { amountText, windowText } from './sentence.ts';

/** An alert in one English sentence: which limit of which policy, how far it is, and when it will be spent. */
export function alertSentence(of: {
  policy_name: string;
  limit: LimitOf;
  type: LimitType;
  subject: string;
  max: bigint;
  posted: bigint;
  pending: bigint;
  kind: AlertKind;
  tier: number | null;
  empties_at: string | null;
  /** It was told before, and still holds. */
  again?: boolean;
}): string {
  const { type, limit } = of;
  const show = (amount: bigint) => amountText(type, limit, amount);
  const whose = of.subject === '*' ? '' : ` for ${of.subject}`;
  const which = `the limit on ${type.title} of ${show(of.max)}${windowText(limit.window)} of the policy "${of.policy_name}"`;
  const how = `${show(of.posted)} used and ${show(of.pending)} reserved${whose}`;
  if (of.kind === 'tier') return `${of.tier} % of ${which} is ${of.again ? 'still ' : ''}reached: ${how}.`;
  return `If it goes on like this, ${which} is spent at ${of.empties_at}: ${how}.`;
}
