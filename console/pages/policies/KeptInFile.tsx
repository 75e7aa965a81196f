import { Lock } from 'lucide-react';
import type { Answer } from '../../api.ts';

type ManagedBy = NonNullable<Answer<'getPolicy'>['managed_by']>;

/** That a policy is kept in a file, and what it means to change it here. */
export const KeptInFile = ({ of: { slug, origin, drifted } }: { of: ManagedBy }) => (
  <p className="quiet">
    <Lock size={13} aria-hidden="true" style={{ verticalAlign: '-2px' }} /> Managed by <code>{slug}</code>
    {origin !== null && ` from ${origin}`}
    {drifted
      ? ': changed by hand since it was applied. Applying the file again takes that back; Versions has what changed.'
      : ': a change made here makes it differ from its file, and applying the file again takes it back.'}
  </p>
);
