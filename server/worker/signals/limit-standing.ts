import type { LimitFacts } from '@aos/core/activity/signal-limit.ts';
import type { Concerned } from '@aos/core/activity/signal-look.ts';
import { instantText } from '@aos/core/base/time.ts';
import { windowAt } from '@aos/core/base/window.ts';
import { markOf } from '@aos/core/policies/alert.ts';
import { countedOver } from '@aos/core/policies/limits/index.ts';
import { amountText, windowText } from '@aos/core/policies/sentence.ts';
import { policiesIn } from '../../govern/control.ts';
import { windowsAt } from '../../store/limits.ts';
import { balancesFrom, type LimitMark, subjectsNamed } from '../../store/signal-sources.ts';
import { type CountedLimit, countedLimits, maxOf } from '../counted-limits.ts';
import { concernedBy, type Names, namesAmong } from './concerned.ts';
import type { Look } from './define.ts';

/** A balance of a limit that stands at a part of it or above, with what is said of it. */
export interface Standing {
  of: CountedLimit;
  subject: string;
  max: bigint;
  posted: bigint;
  pending: bigint;
  facts: LimitFacts;
  concerned: Partial<Concerned>;
}

/** Balances that one look takes in: of most of them nothing is to be said. */
const most_balances = 2_000;

/** Balances at `percent` of their limits or above, the fullest first. */
export async function standingsFrom(
  look: Look,
  percent: (of: CountedLimit) => number,
): Promise<{ standings: Standing[]; is_all: boolean }> {
  const limits = countedLimits(policiesIn(look.control), look.at_ms);
  const marks = limits.map((of) => markFor(of, percent(of), look.at_ms));
  const found = await balancesFrom(look.tx, marks, most_balances);
  const full = found.flatMap(({ n, subject, posted, pending }) => {
    const of = limits[n];
    const amounts = { posted: BigInt(posted), pending: BigInt(pending) };
    return of ? [{ of, subject, ...amounts, max: maxOf(of, subject, look.at_ms) }] : [];
  });
  // An override may have raised what this subject may use.
  const standing = full.filter(({ of, max, posted, pending }) => posted + pending >= markOf(percent(of), max));
  const named = standing.flatMap(({ of, subject }) => [subject, ...of.policy.document.target.ids]);
  const names = namesAmong(named.length > 0 ? await subjectsNamed(look.tx, named) : []);
  const standings = standing.map((one) => ({
    ...one,
    facts: factsOf(one, names, look.at_ms),
    concerned: concernedBy(look.control, one.of.policy, names, names(one.of.limit.count_per, one.subject)),
  }));
  return { standings, is_all: found.length < most_balances };
}

function markFor({ control, limit, type }: CountedLimit, percent: number, at_ms: number): LimitMark {
  return {
    control_id: control.id,
    mark: markOf(percent, type.cap(limit)),
    ...windowsAt(countedOver(limit), at_ms),
  };
}

function factsOf(standing: Omit<Standing, 'facts' | 'concerned'>, names: Names, at_ms: number): LimitFacts {
  const { of, subject, max, posted, pending } = standing;
  const { policy, control, limit, type } = of;
  const window = countedOver(limit);
  const end_ms = (window && windowAt(window, at_ms).end_ms) ?? null;
  const used = posted + pending;
  return {
    policy_name: policy.document.name,
    mode: policy.mode,
    control_id: control.id,
    limit: `${type.title} of ${amountText(type, limit, max)}${windowText(limit.window)}`,
    whose: subject === '*' ? null : (names(limit.count_per, subject)?.name ?? subject),
    used: amountText(type, limit, used),
    used_percent: max === 0n ? 100 : Number((used * 100n) / max),
    resets_at: end_ms === null ? null : instantText(end_ms),
  };
}
