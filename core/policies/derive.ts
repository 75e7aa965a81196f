import { z } from 'zod';
import type { Call } from '../activity/call.ts';
import { present } from '../base/assert.ts';
import { epochMs } from '../base/time.ts';
import { type Decision, decide, type Evidence } from './decide.ts';
import { typeOf } from './limits/index.ts';
import { raisedFor } from './override.ts';
import { indexPolicies, type PolicyIndex, resolve } from './resolve.ts';
import type { SnapshotDocument } from './snapshot.ts';

const whole = z.string().regex(/^\d+$/);

/** A line of a call's holds as its record keeps it: amounts in whole units of the limit, as text. */
export const held_line = z.object({
  policy_id: z.string(),
  control_id: z.string(),
  type: z.string(),
  subject: z.string(),
  window_start: z.string(),
  resets_at: z.string().nullable(),
  posted_before: whole,
  pending_before: whole,
  held: whole,
  /** Where runs are counted: its run was among them. */
  has_place: z.literal(true).optional(),
});
export type HeldLine = z.infer<typeof held_line>;

/**
 * The decision of a call that passed without a word, made again by the same evaluator from what its record keeps: the
 * policies in force, the balances before the call and what was held. Its rules found nothing, or it would have been
 * stored. Pure. `call.tools` is not recorded, so a rule that applies to calls with a certain tool only is left out.
 */
export function derivedDecision(of: {
  snapshot_id: string;
  snapshot: SnapshotDocument;
  call: Call;
  held: readonly HeldLine[];
  at_ms: number;
}): Decision {
  const matched = resolve(indexOf(of.snapshot_id, of.snapshot), of.call, of.at_ms);
  return decide({
    rules: matched.filter(({ control }) => control.rule).map((one) => ({ matched: one, finding: { found: false } })),
    lines: of.held.map((line) => lineOf(line, of.snapshot, of.at_ms)),
    unmeasurable: [],
    output_bound: 0,
  });
}

/** A page of decisions shares few snapshots. */
const indexes = new WeakMap<SnapshotDocument, PolicyIndex>();

function indexOf(snapshot_id: string, snapshot: SnapshotDocument): PolicyIndex {
  const known = indexes.get(snapshot) ?? indexPolicies(snapshot_id, snapshot);
  indexes.set(snapshot, known);
  return known;
}

function lineOf(of: HeldLine, { policies }: SnapshotDocument, at_ms: number): Evidence['lines'][number] {
  const policy = present(
    policies.find(({ id }) => id === of.policy_id),
    `policy ${of.policy_id} of the snapshot`,
  );
  const control = present(
    policy.document.controls.find(({ id }) => id === of.control_id),
    `control ${of.control_id}`,
  );
  const limit = present(control.limit, `the limit of control ${of.control_id}`);
  const type = typeOf(limit);
  const asked = { control_id: control.id, subject: of.subject, limit, type };
  const raised = raisedFor(policy.overrides, asked, at_ms);
  const line: Evidence['lines'][number]['line'] = {
    policy,
    control,
    limit,
    type,
    key: {
      control_id: control.id,
      subject: of.subject,
      window_start_ms: epochMs(of.window_start),
      since_ms: null,
    },
    resets_at_ms: of.resets_at === null ? null : epochMs(of.resets_at),
    base: type.counts_runs ? 1n : BigInt(of.held),
    rate: 0n,
    scale: 1,
    max: raised?.max ?? type.cap(limit),
    raised,
    cap: null,
  };
  const seen = { posted: BigInt(of.posted_before), pending: BigInt(of.pending_before) };
  return { line, seen: of.has_place ? { ...seen, has_place: true } : seen };
}
