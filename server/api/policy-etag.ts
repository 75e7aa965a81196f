import { Problem } from '@aos/core/base/error.ts';
import type { Context } from '../http/handler.ts';
import type { PolicyRow } from '../store/policies.ts';

/** What an answer with one policy carries as `ETag`: its version. */
export const etagOf = ({ version }: Pick<PolicyRow, 'version'>): string => `"${version}"`;

/** With `If-Match` a change is made of the version that the caller knows, or not at all. */
export function refuseUnmatched({ headers }: Context, policy: PolicyRow): void {
  const sent = headers['if-match'];
  if (sent === undefined || sent.trim() === '*') return;
  const known = sent.split(',').map((tag) => tag.trim());
  if (known.includes(etagOf(policy))) return;
  throw new Problem(
    'precondition_failed',
    `Policy ${policy.id} is at version ${policy.version} by now, and If-Match says ${sent}. Read it again and repeat the change with its ETag, ${etagOf(policy)}.`,
  );
}
