import { useState } from 'react';
import { type Answer, call, useAct } from '../api.ts';
import { Button } from '../ui/Button.tsx';
import { idEnd } from '../ui/format.ts';
import type { Column } from '../ui/Table.tsx';
import { useToast } from '../ui/Toast.tsx';
import { KillDialog } from './KillDialog.tsx';
import { ResumeDialog } from './ResumeDialog.tsx';
import type { RunRow } from './run-columns.tsx';
import { useMay } from './session.ts';

export type Stoppable = Pick<RunRow, 'id' | 'status' | 'hold' | 'goal' | 'agent_slug' | 'estimated_cost_usd'>;

export const isOpen = ({ status }: { status: string }): boolean => ['queued', 'running', 'retry'].includes(status);

type Held = Pick<Answer<'getRun'>, 'id' | 'pause'>;
type Named = Pick<Stoppable, 'id' | 'agent_slug'>;

/** Which run it was, for who pressed a key in a list that moves. */
const nameOf = ({ id, agent_slug }: Named): string =>
  `run ${idEnd(id)}${agent_slug === null ? '' : ` of ${agent_slug}`}`;

/**
 * Pausing, resuming and killing a run: pausing at once with a way back, killing after the question what it stops. What
 * somebody paused is resumed at once, what a policy paused after the question why.
 */
export function useRunActions() {
  const may = useMay('operate');
  const [killing, setKilling] = useState<Stoppable | null>(null);
  const [resuming, setResuming] = useState<Held | null>(null);
  const pause = useAct('pauseRun');
  const resume = useAct('resumeRun');
  const toast = useToast();

  const failed = (error: { message: string }) => toast(error.message, { tone: 'crit' });
  const doResume = (run: Named) =>
    resume.mutate(
      { params: { id: run.id }, body: { reason: 'Resumed in the console' } },
      { onSuccess: () => toast(`Resumed ${nameOf(run)}`), onError: failed },
    );
  const doPause = (run: Stoppable) =>
    pause.mutate(
      { params: { id: run.id }, body: { reason: 'Paused in the console' } },
      {
        onSuccess: () => toast(`Paused ${nameOf(run)}: its calls wait`, { undo: () => doResume(run) }),
        onError: failed,
      },
    );
  // Asked anew: lists do not say what paused a run, and a page may be behind.
  const askResume = ({ id }: Stoppable) =>
    call('getRun', { params: { id } }).then(
      (now) => (now.pause?.by.kind === 'policy' ? setResuming(now) : doResume(now)),
      failed,
    );
  const toggle = (run: Stoppable) => void (run.hold === 'paused' ? askResume(run) : doPause(run));
  const onKey = (key: string, run: Stoppable): boolean => {
    if (!may || !isOpen(run)) return false;
    if (key === 'p') toggle(run);
    else if (key === 'K') setKilling(run);
    else return false;
    return true;
  };
  const column: Column<RunRow> = {
    id: 'do',
    title: '',
    width: '122px',
    align: 'end',
    stays: true,
    cell: (run) => (
      <>
        <Button small disabled={!may || !isOpen(run)} onClick={() => toggle(run)}>
          {run.hold === 'paused' ? 'Resume' : 'Pause'}
        </Button>{' '}
        <Button small kind="danger" disabled={!may || !isOpen(run)} onClick={() => setKilling(run)}>
          Kill…
        </Button>
      </>
    ),
  };
  const dialog = killing ? (
    <KillDialog run={killing} onClose={() => setKilling(null)} />
  ) : (
    resuming?.pause && <ResumeDialog id={resuming.id} pause={resuming.pause} onClose={() => setResuming(null)} />
  );
  return { may, column, onKey, dialog, toggle, kill: setKilling };
}
