import type { PreviewAsked, PreviewResult } from '@aos/core/api/previews.ts';
import { sibling } from '@aos/core/base/id.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { usdOfNano } from '@aos/core/base/money.ts';
import { instantText } from '@aos/core/base/time.ts';
import type { Preview } from '@aos/core/policies/preview.ts';
import type { DiffTally } from '@aos/core/policies/preview-diff.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { Names } from '../store/recorded-calls.ts';

/** What was replayed, and over what. */
export interface Replayed {
  asked: PreviewAsked;
  policy: ActivePolicy;
  from_ms: number;
  to_ms: number;
  timezone: string;
  preview: Preview;
  replaced: { policy: ActivePolicy; diff: DiffTally } | null;
  /** Calls whose time does not fit their place in the order. */
  misplaced: number;
  has_exceptions: boolean;
}

/** The counts of a replay as they are answered, with what must be known to read them. */
export function previewAnswer(of: Replayed, names: Names, public_url: string): PreviewResult {
  const { preview, replaced } = of;
  const { calls, runs, doubts } = preview;
  const affected = (action: keyof typeof calls) => ({ calls: calls[action], runs: runs[action] });
  const hits = preview.whom.hits;
  const named = ({ distinct, top }: typeof hits.agents, nameOf: (id: string) => string | undefined) => ({
    distinct,
    top: top.map((one) => ({ ...one, name: nameOf(one.id) ?? null })),
  });
  return {
    from: instantText(of.from_ms),
    to: instantText(of.to_ms),
    timezone: of.timezone,
    calls: { looked_at: preview.looked_at, matched: preview.matched, not_counted: preview.not_counted },
    runs: { matched: preview.matched_runs },
    affected: {
      noted: affected('continue'),
      warned: affected('warn'),
      paused: affected('pause'),
      blocked: affected('block'),
      killed: affected('kill'),
    },
    by_day: preview.days.by_day,
    first_hit: preview.days.first_hit,
    whom: {
      agents: named(hits.agents, (id) => names.agents.get(id)),
      actors: named(hits.actors, (id) => names.actors.get(id)?.slug),
      api_keys: named(hits.api_keys, (id) => names.keys.get(id)),
    },
    usage: preview.usage.limits,
    spend_usd: usdOfNano(preview.spend_nano),
    spend_not_made_usd: usdOfNano(preview.spend_not_made_nano),
    alerts: { tiers: preview.alerts.tiers, channels: preview.alerts.channels },
    examples: preview.examples.map(({ record_id, ...example }) => {
      const decision_id = sibling(record_id, 'decision');
      return { ...example, decision_id, step_id: sibling(record_id, 'step'), url: consoleUrl(public_url, decision_id) };
    }),
    coverage: {
      exact: preview.matched - doubts.uncheckable - doubts.assumed,
      sampled: 0,
      assumed: doubts.assumed,
      uncheckable: doubts.uncheckable,
    },
    caveats: caveatsOf(of),
    diff: replaced && {
      policy_id: replaced.policy.id,
      version: replaced.policy.version,
      calls: replaced.diff.calls,
      runs: replaced.diff.runs,
      newly_stopped_runs: replaced.diff.run_ids.newly_stopped,
      no_longer_stopped_runs: replaced.diff.run_ids.no_longer_stopped,
    },
  };
}

/** What the figures do not say by themselves, in words. */
function caveatsOf({ preview, policy, from_ms, misplaced, has_exceptions, asked }: Replayed): string[] {
  const { doubts, calls } = preview;
  const stops = calls.pause + calls.block + calls.kill > 0;
  const told: [boolean, string][] = [
    [
      preview.matched === 0,
      'No call of this window is one of its target: try a wider target or a longer window, or simulate a run.',
    ],
    [true, `A limit counts from its activation: what was used before ${instantText(from_ms)} does not count.`],
    [stops, 'Calls are replayed as they were made: an agent that is stopped might have tried again, or done without.'],
    [calls.pause > 0, `${calls.pause} calls would have waited for room or for a person: they count as not made.`],
    [preview.not_counted > 0, `${preview.not_counted} calls of runs that would have been stopped before do not count.`],
    [
      doubts.loose > 0,
      `${doubts.loose} calls are refused on a bound made from the bytes of their prompt: the gateway counts the tokens before it refuses, and may let some of them pass.`,
    ],
    [
      doubts.cut > 0,
      `${doubts.cut} calls would have been ended while they were under way: they count with all that they used.`,
    ],
    [
      doubts.uncheckable > 0,
      `${doubts.uncheckable} calls could not be checked in full (${unknownOf(policy)}): they do not count as passed.`,
    ],
    [
      doubts.assumed > 0,
      `${doubts.assumed} calls were refused at the time, so nobody knows what they would have used: where they pass now they count with all that they may use.`,
    ],
    [doubts.unpriced > 0, `${doubts.unpriced} calls have no price and are no part of any amount of money.`],
    [true, 'Prices are those that were recorded with each call.'],
    [
      policy.mode === 'shadow',
      'The policy is in shadow mode, which stops nothing: the figures say what it would do when enforced.',
    ],
    [has_exceptions, 'Overrides and exemptions are made for a time to come: they are left out.'],
    [
      misplaced > 0,
      `${misplaced} calls were recorded with an instant that does not fit their place in the records: they are left out.`,
    ],
    [asked.include_synthetic, 'Synthetic calls are included.'],
  ];
  return told.flatMap(([holds, words]) => (holds ? [words] : []));
}

function unknownOf({ document }: ActivePolicy): string {
  const rules = document.controls.flatMap(({ rule }) => (rule ? [rule.type] : []));
  const causes = [
    ...(rules.length > 0 ? [`what ${[...new Set(rules)].join(', ')} looks at is not kept`] : []),
    ...(document.target.when?.tool ? ['the tools that a call offers are not kept'] : []),
  ];
  return causes.join('; ') || 'their records keep no bound';
}
