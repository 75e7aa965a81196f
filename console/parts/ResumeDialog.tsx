import { useState } from 'react';
import { type Answer, useAct } from '../api.ts';
import { Said } from '../ui/Amount.tsx';
import { TextField } from '../ui/Field.tsx';
import { amountText } from '../ui/format.ts';
import { useToast } from '../ui/Toast.tsx';
import { type LimitState, limitsOf } from './limit-state.ts';
import { useLatestDecisions, useLimitStates } from './limit-states.ts';
import { ReasonDialog } from './ReasonDialog.tsx';
import { lastingOf, raiseOf } from './raise.ts';
import { useMay } from './session.ts';

interface Props {
  id: string;
  pause: NonNullable<Answer<'getRun'>['pause']>;
  onClose: () => void;
}

const decisions_read = 20;

/** Why a run that a policy paused goes on all the same, and how much more its limit lets it have, if anything. */
export function ResumeDialog({ id, pause, onClose }: Props) {
  const may_raise = useMay('activate_policies');
  const held = useHeldBy(id, pause.control_id);
  const raise = useAct('createOverride');
  const resume = useAct('resumeRun');
  const toast = useToast();
  const [more, setMore] = useState('');
  const top_up = more.trim();
  const limit = may_raise ? held : undefined;
  const send = async (reason: string) => {
    if (limit && top_up !== '' && !raise.isSuccess)
      await raise.mutateAsync(raiseOf(limit.limit, limit.gauge, { amount: top_up, hours: null, reason }));
    await resume.mutateAsync({ params: { id }, body: { reason } }).catch((error) => {
      // With more room it may go on by itself first.
      if (!(raise.isSuccess || top_up !== '') || error.code !== 'conflict') throw error;
    });
    toast('The run goes on');
    onClose();
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Resume this run?"
      about={
        <>
          Policy {pause.by.name ?? pause.by.id} paused it: <Said text={ended(pause.reason)} /> Where its limit has no
          more room than before, it pauses the run again.
        </>
      }
      verb="Resume"
      busy={raise.isPending || resume.isPending}
      error={raise.error ?? resume.error}
      onReason={(reason) => void send(reason).catch(() => undefined)}
    >
      {limit && (
        <TextField
          label={`Raise the limit once by (${limit.gauge.unit.replaceAll('_', ' ')})`}
          hint={`${roomOf(limit)} ${lastingText[lastingOf(limit.limit, limit.gauge)]} Empty: it stays as it is.`}
          inputMode="decimal"
          value={more}
          onChange={(event) => setMore(event.target.value)}
        />
      )}
    </ReasonDialog>
  );
}

/** The limit that holds the run, with the balance that the run is counted in; undefined: it is not known. */
function useHeldBy(run_id: string, control_id: string | null): LimitState | undefined {
  const decisions = useLatestDecisions(run_id, decisions_read);
  const named = limitsOf(decisions.data?.items ?? []).filter(({ of }) => of.control_id === control_id);
  return useLimitStates(named.slice(0, 1), 5_000).states[0];
}

const lastingText = {
  window: 'More lasts until its window ends.',
  week: 'More lasts for a week, the longest: its window ends later.',
  day: 'More lasts for a day.',
};

const roomOf = ({ gauge }: LimitState): string =>
  `${amountText(gauge.remaining, gauge.unit)} of ${amountText(gauge.cap, gauge.unit)} left${gauge.subject === '*' ? ', for all that it counts' : ''}.`;

const ended = (sentence: string): string => `${sentence.replace(/[.\s]+$/, '')}.`;
