import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type Answer, call } from '../api.ts';
import { Money } from '../ui/Amount.tsx';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { sumUsd } from '../ui/money-sum.ts';
import { useToast } from '../ui/Toast.tsx';
import { AtRisk, type InFlight } from './AtRisk.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';
import { isOpen } from './RunActions.tsx';
import type { RunRow } from './run-columns.tsx';
import { useMay } from './session.ts';

interface Props {
  runs: readonly RunRow[];
  onDone: () => void;
}

/** Pausing, resuming and killing all chosen runs: each is asked for by itself, and what each answered is counted. */
export function BulkRuns({ runs, onDone }: Props) {
  const may = useMay('operate');
  const { pause, resume, busy } = useHolds();
  const [asking, setAsking] = useState<'kill' | 'resume' | null>(null);
  const open = runs.filter(isOpen);
  const running = open.filter(({ hold }) => hold === 'none');
  const paused = open.filter(({ hold }) => hold === 'paused');
  const close = (is_done: boolean) => {
    setAsking(null);
    if (is_done) onDone();
  };
  return (
    <>
      <Button small disabled={!may || busy || running.length === 0} onClick={() => void pause(running).then(onDone)}>
        Pause {running.length}
      </Button>
      <Button small disabled={!may || busy || paused.length === 0} onClick={() => setAsking('resume')}>
        Resume {paused.length}…
      </Button>
      <Button small kind="danger" disabled={!may || busy || open.length === 0} onClick={() => setAsking('kill')}>
        Kill {open.length}…
      </Button>
      {asking === 'kill' && <KillAll runs={open} onClose={close} />}
      {asking === 'resume' && (
        <ResumeAll
          runs={paused}
          busy={busy}
          onReason={(of, reason) => void resume(of, reason).then(() => close(true))}
          onClose={() => close(false)}
        />
      )}
    </>
  );
}

/** Holding several runs and letting them go on; pausing has a way back, for those that it paused. */
function useHolds() {
  const toast = useToast();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const each = async (runs: readonly RunRow[], name: 'pauseRun' | 'resumeRun', reason: string) => {
    setBusy(true);
    const outcome = await forEach(runs, (run) =>
      call(name, { params: { id: run.id }, body: { reason } }).then(() => run),
    );
    setBusy(false);
    void client.invalidateQueries();
    return outcome;
  };
  const resume = async (runs: readonly RunRow[], reason: string) => {
    const { done, failed } = await each(runs, 'resumeRun', reason);
    toast(counted('resumed', done.length, failed), failed.length > 0 ? { tone: 'crit' } : {});
  };
  const pause = async (runs: readonly RunRow[]) => {
    const { done, failed } = await each(runs, 'pauseRun', 'Paused in the console, with others');
    toast(counted('paused', done.length, failed), {
      ...(failed.length > 0 && { tone: 'crit' }),
      ...(done.length > 0 && { undo: () => void resume(done, 'Taken back in the console, with others') }),
    });
  };
  return { pause, resume, busy };
}

interface ResumeAllProps {
  runs: readonly RunRow[];
  busy: boolean;
  onReason: (runs: readonly RunRow[], reason: string) => void;
  onClose: () => void;
}

function ResumeAll({ runs, busy, onReason, onClose }: ResumeAllProps) {
  // What was asked about stays what is done, however the list moves on.
  const [asked] = useState(runs);
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Resume ${runsText(asked.length)}?`}
      verb={`Resume ${runsText(asked.length)}`}
      busy={busy}
      about="People or policies paused them. Where a limit has no more room than before, its policy pauses the run again."
      onReason={(reason) => onReason(asked, reason)}
    />
  );
}

interface Outcome<Of> {
  done: Of[];
  failed: string[];
}

const at_once = 6;

/** A few at a time; one that fails does not keep the others from it. */
async function forEach<Of>(runs: readonly RunRow[], act: (run: RunRow) => Promise<Of>): Promise<Outcome<Of>> {
  const outcome: Outcome<Of> = { done: [], failed: [] };
  const left = [...runs];
  const one = async () => {
    for (let run = left.shift(); run; run = left.shift())
      try {
        outcome.done.push(await act(run));
      } catch (error) {
        outcome.failed.push(`${run.id}: ${(error as Error).message}`);
      }
  };
  await Promise.all(Array.from({ length: at_once }, one));
  return outcome;
}

const runsText = (count: number): string => `${count} ${count === 1 ? 'run' : 'runs'}`;

const counted = (what: string, done: number, failed: readonly string[]): string =>
  failed.length === 0 ? `${runsText(done)} ${what}` : `${runsText(done)} ${what}, ${failed.length} not: ${failed[0]}`;

function KillAll({ runs, onClose }: { runs: readonly RunRow[]; onClose: (is_done: boolean) => void }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome<Answer<'killRun'>> | null>(null);
  // What was asked about stays what is told, however the list moves on.
  const [asked] = useState(runs);
  const agents = new Set(asked.flatMap(({ agent_slug }) => agent_slug ?? [])).size;
  const kill = async (reason: string) => {
    setBusy(true);
    setOutcome(await forEach(asked, ({ id }) => call('killRun', { params: { id }, body: { reason } })));
    void client.invalidateQueries();
  };
  if (outcome) return <KilledAll outcome={outcome} onClose={() => onClose(true)} />;
  return (
    <ReasonDialog
      open
      onClose={() => onClose(false)}
      title={`Kill ${runsText(asked.length)}?`}
      verb={`Kill ${runsText(asked.length)}`}
      danger
      busy={busy}
      about={
        <>
          Ends {runsText(asked.length)} of {agents} {agents === 1 ? 'agent' : 'agents'} for good. Together they have
          cost <Money usd={sumUsd(asked.map(({ estimated_cost_usd }) => estimated_cost_usd))} />.{' '}
          <RiskOfAll runs={asked} /> All other runs go on.
        </>
      }
      onReason={(reason) => void kill(reason)}
    />
  );
}

/** What is in flight of all of them, asked for once; a run that ends with another chosen one is counted with that. */
function RiskOfAll({ runs }: { runs: readonly RunRow[] }) {
  const [at_risk, setAtRisk] = useState<InFlight | 'unknown' | null>(null);
  useEffect(() => {
    const chosen = new Set(runs.map(({ id }) => id));
    const counted = runs.filter(({ parent_run_id }) => parent_run_id === null || !chosen.has(parent_run_id));
    void forEach(counted, ({ id }) => call('getInFlight', { params: { id } })).then(({ done, failed }) =>
      setAtRisk(failed.length > 0 ? 'unknown' : togetherOf(done)),
    );
  }, [runs]);
  if (at_risk !== null && at_risk !== 'unknown') return <AtRisk of={at_risk} />;
  return (
    <>
      Their calls in flight are cut on every process; the provider may still bill them
      {at_risk === 'unknown' ? ', and what they cost at most could not be read' : ''}.
    </>
  );
}

const togetherOf = (all: readonly InFlight[]): InFlight => ({
  calls: all.reduce((sum, { calls }) => sum + calls, 0),
  at_most_usd: sumUsd(all.map(({ at_most_usd }) => at_most_usd)),
  unpriced_calls: all.reduce((sum, { unpriced_calls }) => sum + unpriced_calls, 0),
  runs: all.reduce((sum, { runs }) => sum + runs, 0),
});

function KilledAll({ outcome, onClose }: { outcome: Outcome<Answer<'killRun'>>; onClose: () => void }) {
  const { done, failed } = outcome;
  const cut = done.reduce((sum, { calls_aborted, streams_cut }) => sum + calls_aborted + streams_cut, 0);
  const confirmed = done.filter(({ complete }) => complete).length;
  return (
    <Dialog
      open
      onClose={onClose}
      title={counted('told to stop', done.length, failed)}
      about={`${confirmed} of ${done.length} confirmed by every process; ${cut} ${cut === 1 ? 'call' : 'calls'} in flight cut (may still be billed).`}
      buttons={
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      }
    >
      {failed.length > 0 && (
        <ul>
          {failed.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
