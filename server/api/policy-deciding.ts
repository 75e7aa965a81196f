import { present } from '@aos/core/base/assert.ts';
import type { StoredDocument } from '@aos/core/policies/policy.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { Caller } from '@aos/core/policies/target.ts';
import { type Deciding, whoElse } from '@aos/core/policies/who-else.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import type { PolicyRow } from '../store/policies.ts';
import { stateOf } from './limits.ts';
import { urlOf } from './read.ts';

const most_listed = 20;
/** Subjects that are shown of a limit that is counted separately. */
const listed_subjects = 5;

interface Looked {
  written: StoredDocument;
  /** Who called for its target lately. */
  seen: readonly Caller[];
  /** The stored policy that it is to replace. */
  replaced: PolicyRow | null;
}

/** All that decides on the calls of a policy, each limit with its present state. */
export async function decidingOn(tx: Tx, context: Context, looked: Looked, others: readonly ActivePolicy[]) {
  const { written, seen } = looked;
  const all = whoElse({ document: written, seen }, others, context.deps.clock.now());
  const own = all.filter(({ policy }) => policy === null);
  const listed = all.slice(0, most_listed);
  const shown = [...listed, ...own.filter((of) => !listed.includes(of))];
  const deciding = [];
  for (const { policy, ...of } of shown) {
    const policy_id = policy?.id ?? null;
    const stored = policy ? { ...policy, status: 'active' as const } : storedOf(looked, of.control_id);
    const control_id = policy || stored ? of.control_id : null;
    const state = stored === null ? null : await stateFor(tx, context, stored, of, seen);
    deciding.push({ ...of, control_id, policy_id, state, url: policy_id === null ? null : urlOf(context, policy_id) });
  }
  return { deciding, deciding_left_off: all.length - shown.length };
}

type Stored = Pick<PolicyRow, 'id' | 'status' | 'version' | 'document' | 'mode'>;

/** The stored policy as it would be, where it goes on counting under the id of a control; null: the control is new. */
const storedOf = ({ written, replaced }: Looked, control_id: string | null): Stored | null =>
  replaced?.document.controls.some(({ id }) => id === control_id)
    ? { ...replaced, document: written, mode: written.mode }
    : null;

async function stateFor(
  tx: Tx,
  context: Context,
  stored: Stored,
  of: Omit<Deciding, 'policy'>,
  seen: readonly Caller[],
) {
  const position = stored.document.controls.findIndex(({ id }) => id === of.control_id) + 1;
  const { limit } = present(stored.document.controls[position - 1], 'a control that decides');
  if (!limit) return null;
  const { id: policy_id, status, version, mode, document } = stored;
  const row = { policy_id, status, version, document: { ...document, mode }, position };
  const subject = onlySubject(limit.count_per, seen);
  return stateOf(tx, context, row, context.deps.clock.now(), { limit: listed_subjects, ...(subject && { subject }) });
}

/** Whose balance counts, where all that called are one. */
function onlySubject(count_per: string, seen: readonly Caller[]): string | undefined {
  if (!['project', 'agent', 'actor', 'api_key'].includes(count_per)) return undefined;
  const of = count_per as 'project' | 'agent' | 'actor' | 'api_key';
  const subjects = new Set(seen.map((asker) => (of === 'api_key' ? asker.api_key.lineage_id : asker[of]?.id)));
  return subjects.size === 1 ? [...subjects][0] : undefined;
}
