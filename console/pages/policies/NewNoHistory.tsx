import type { DraftTarget } from '../../parts/policy-draft.ts';
import { useSession } from '../../parts/session.ts';
import { chosenProject } from '../../project.ts';
import { LinkButton } from '../../ui/Button.tsx';
import { exactText } from '../../ui/format.ts';
import { Code } from '../../ui/KeyValue.tsx';
import { useToast } from '../../ui/Toast.tsx';
import styles from './New.module.css';
import { simulating } from './simulating.ts';

interface Props {
  looked_at: number;
  target: DraftTarget;
  synthetic: boolean;
  onSynthetic: () => void;
  onTarget: (target: DraftTarget) => void;
}

/** Nothing of the past is of the target: what says more, each in one step. */
export function NewNoHistory({ looked_at, target, synthetic, onSynthetic, onTarget }: Props) {
  const { project } = useSession();
  const toast = useToast();
  const slug = chosenProject() ?? project?.slug ?? null;
  const is_narrow = target.kind !== 'project' && target.kind !== 'all_runs';
  const widen = (to: string) => {
    onTarget({ kind: 'project', ids: [to], except_ids: [], ...(target.when && { when: target.when }) });
    toast(`The target is project ${to}`, { undo: () => onTarget(target) });
  };
  return (
    <>
      <p>No run of this target in this time: {exactText(looked_at)} calls were looked at. What says more:</p>
      <ul className={styles.ways}>
        <li>A longer time, above.</li>
        {!synthetic && (
          <li>
            <LinkButton onClick={onSynthetic}>Look at runs of tests and demos too</LinkButton>
          </li>
        )}
        {is_narrow && slug !== null && (
          <li>
            <LinkButton onClick={() => widen(slug)}>Try project scope: {slug}</LinkButton>
          </li>
        )}
        <li>
          Simulate a run; it calls no model. It meets this policy once that is in force or in shadow.
          <Code text={simulating(target)} label="Command to simulate a run" />
        </li>
      </ul>
    </>
  );
}
