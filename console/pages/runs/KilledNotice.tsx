import { callsText } from '../../parts/AtRisk.tsx';
import { Said } from '../../ui/Amount.tsx';
import { Notice } from '../../ui/States.tsx';
import { Instant } from '../../ui/Time.tsx';
import type { RunDetail } from './RunHead.tsx';
import { Whose } from './Whose.tsx';

/** What stays of a kill's receipt: who ended the run and why, and what every process has confirmed since. */
export function KilledNotice({ kill }: { kill: NonNullable<RunDetail['kill']> }) {
  const { by, at, reason, calls_aborted, streams_cut, processes_confirmed, processes_missing } = kill;
  const cut = calls_aborted + streams_cut;
  return (
    <Notice>
      <span>
        <strong>
          Killed by <Whose by={by} /> <Instant at={at} />
        </strong>
        : <Said text={reason.replace(/[.\s]+$/, '')} />. Further calls are denied since then;{' '}
        {cut === 0 ? 'no call was in flight' : `${callsText(cut)} in flight cut (may still be billed)`};{' '}
        {processes_confirmed} {processes_confirmed === 1 ? 'process has' : 'processes have'} confirmed
        {processes_missing > 0 && `, ${processes_missing} not yet`}. Whether the program of the agent itself has stopped
        is not known.
      </span>
    </Notice>
  );
}
