import { setImmediate as turn } from 'node:timers/promises';
import type { PreviewAsked, PreviewResult } from '@aos/core/api/previews.ts';
import type { StoredControl } from '@aos/core/policies/control.ts';
import { typeOf } from '@aos/core/policies/limits/index.ts';
import { Preview } from '@aos/core/policies/preview.ts';
import { DiffTally } from '@aos/core/policies/preview-diff.ts';
import type { RecordedCall } from '@aos/core/policies/replay.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { Target } from '@aos/core/policies/target.ts';
import type { Database } from '../base/database.ts';
import type { Clock } from '../base/deps.ts';
import { countRecorded, type Names, namesOfTenant, type RecordedScope } from '../store/recorded-calls.ts';
import { tellingAnswers } from '../store/telling-answers.ts';
import { previewAnswer } from './preview-answer.ts';
import { type Past, pastCalls } from './preview-source.ts';

/** A preview that was asked for, with what its policies are. */
export interface PreviewOf {
  tenant_id: string;
  asked: PreviewAsked;
  policy: ActivePolicy;
  replaces: ActivePolicy | null;
  /** Somebody made exceptions from the policy. */
  has_exceptions: boolean;
  from_ms: number;
  to_ms: number;
  /** Null: of every project. */
  project_id: string | null;
}

export interface Progress {
  calls_done: number;
  /** About how many there are; null: nobody has counted yet. */
  calls_total: number | null;
}

export interface Computed {
  result: PreviewResult;
  calls_done: number;
}

const told_every_ms = 500;

/** After so many calls the thread looks up: the next rows come in, and the database goes on with those behind them. */
const in_a_turn = 256;

/**
 * Replays the past and counts, in long turns: no call may wait for the same thread. Tells how far it is twice a second,
 * and after each answer of the database: where that is busy, what comes before the first call takes minutes.
 */
export async function computePreview(
  { db, clock, public_url }: { db: Database; clock: Clock; public_url: string },
  of: PreviewOf,
  onProgress: (progress: Progress) => void,
): Promise<Computed> {
  let progress: Progress = { calls_done: 0, calls_total: null };
  const deps = { db: tellingAnswers(db, () => onProgress(progress)), clock };
  const { tenant_id, policy, replaces } = of;
  const names = await deps.db.tenant(tenant_id, namesOfTenant);
  const past = pastOf(of, names);
  const timezone = of.asked.timezone ?? zoneOf(policy);
  const preview = new Preview(policy, timezone);
  const replaced = replaces && { preview: new Preview(replaces, timezone), diff: new DiffTally() };
  const take = (call: RecordedCall): void => {
    const after = preview.take(call);
    if (replaced) replaced.diff.take(call.call.asker.run_id, replaced.preview.take(call), after);
  };
  let told_ms = deps.clock.monotonic();
  let calls_total: number | null = null;
  let misplaced = 0;
  for await (const piece of pastCalls(deps, tenant_id, past)) {
    misplaced += piece.misplaced;
    for (const call of piece.calls) {
      take(call);
      if (preview.looked_at % in_a_turn === 0) await turn();
    }
    if (deps.clock.monotonic() - told_ms < told_every_ms) continue;
    calls_total ??= await deps.db.tenant(tenant_id, (tx) => countRecorded(tx, tenant_id, past));
    told_ms = deps.clock.monotonic();
    progress = { calls_done: preview.looked_at, calls_total: Math.max(calls_total, preview.looked_at) };
    onProgress(progress);
  }
  preview.finish();
  const result = previewAnswer(
    {
      ...{ asked: of.asked, policy, from_ms: of.from_ms, to_ms: of.to_ms, timezone, preview, misplaced },
      replaced: replaces && replaced && { policy: replaces, diff: replaced.diff },
      has_exceptions: of.has_exceptions,
    },
    names,
    public_url,
  );
  return { result, calls_done: preview.looked_at };
}

/** The days of a preview are those of the first limit that has days of its own. */
function zoneOf({ document }: ActivePolicy): string {
  for (const { limit } of document.controls)
    if (limit?.window && 'timezone' in limit.window) return limit.window.timezone;
  return 'UTC';
}

function pastOf({ policy, replaces, from_ms, to_ms, project_id, asked }: PreviewOf, names: Names): Past {
  const policies = replaces ? [policy, replaces] : [policy];
  const limits = policies.flatMap(({ document }) => document.controls.flatMap(({ limit }) => limit ?? []));
  return {
    ...{ from_ms, to_ms, project_id, include_synthetic: asked.include_synthetic },
    ids: idsOf(
      policies.map(({ document }) => document.target),
      names,
    ),
    with_steps: limits.some((limit) => typeOf(limit).counts_every_step),
    refused_by: replaces?.id ?? null,
    left_out: leftOut(policies),
  };
}

/** What a call is known by and none of these policies asks for. */
function leftOut(policies: readonly ActivePolicy[]): NonNullable<RecordedScope['left_out']> {
  const controls = policies.flatMap(({ document }) => document.controls);
  const asked = policies.map(({ document }) => document.target.when ?? {});
  const bySession = ({ limit }: StoredControl) =>
    limit?.count_per === 'session' || (limit?.window && 'per' in limit.window && limit.window.per === 'session');
  const left_out = new Set<'session' | 'model' | 'tags'>();
  if (!controls.some(bySession)) left_out.add('session');
  if (!controls.some(({ rule }) => rule) && !asked.some(({ model, provider }) => model ?? provider))
    left_out.add('model');
  if (!asked.some(({ tag }) => tag)) left_out.add('tags');
  return left_out;
}

/** Whose calls may be concerned, where the targets name subjects of one kind. The evaluator itself decides again. */
function idsOf(targets: readonly Target[], names: Names): RecordedScope['ids'] {
  const kinds = new Set(targets.map(({ kind }) => kind));
  const [kind] = kinds;
  if (kinds.size !== 1 || kind === undefined || kind === 'all_runs') return undefined;
  const wanted = new Set(targets.flatMap(({ ids }) => ids));
  const known = {
    agent: [...names.agents],
    project: [...names.projects],
    actor: [...names.actors].map(([id, { slug }]) => [id, slug] as const),
    api_key: [...names.lineages],
  }[kind];
  const among = known.filter(([id, name]) => wanted.has(id) || wanted.has(name)).map(([id]) => id);
  return { column: `${kind}_id`, among };
}
