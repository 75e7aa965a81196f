import { type Answer, useApi } from '../../api.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { writtenOf } from '../../parts/written.ts';
import { Said } from '../../ui/Amount.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Panel } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { BindKeys } from './BindKeys.tsx';
import { Deciding } from './Deciding.tsx';

const words = {
  error: 'It is no policy as it stands',
  refusal: 'It may not be in force',
  warning: 'It may not do what it seems to',
} as const;

/** How it stands to the other policies in force, and how it could be walked around. */
export function PolicyConflicts({ of }: { of: Answer<'getPolicy'> }) {
  const lint = useApi('lintPolicy', { body: { document: writtenOf(of), policy_id: of.id } }, { staleTime: 10_000 });
  if (lint.isPending) return <Loading what="the findings" rows={3} />;
  if (!lint.data)
    return (
      <Failed
        what="The policy could not be held against the others"
        error={lint.error}
        onRetry={() => void lint.refetch()}
      />
    );
  const { findings } = lint.data;
  return (
    <Panel>
      <Trouble what="The policy could not be held against the others again" of={[lint]} />
      {findings.length === 0 && (
        <Status tone="ok" glyph="check">
          No conflict: every control can be reached, adds something, and lets something pass.
        </Status>
      )}
      <ul style={{ display: 'grid', gap: 12 }}>
        {findings.map((finding) => (
          <li key={`${finding.path} ${finding.message}`} style={{ display: 'grid', gap: 2 }}>
            <Status
              tone={finding.level === 'warning' ? 'warn' : 'crit'}
              glyph={finding.level === 'warning' ? 'triangle' : 'cross'}
            >
              {words[finding.level]}
            </Status>
            <span>
              <Said text={finding.message} /> {finding.code === 'unbound_keys' && <BindKeys />}
            </span>
          </li>
        ))}
      </ul>
      <Deciding lint={lint.data} target={of.target} own_days={null} />
    </Panel>
  );
}
