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

/** Pausing and killing all chosen runs: each is asked for by itself, and what each answered is counted. */
export function BulkRuns({ runs, onDone }: Props) {
  const may = useMay('operate');
  const toast = useToast();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [killing, setKilling] = useState(false);
  const open = runs.filter(isOpen);
  const running = open.filter(({ hold }) => hold === 'none');
  const pause = async () => {
    setBusy(true);
    const body = { reason: 'Paused in the console, with others' };
    const { done, failed } = await forEach(running, ({ id }) => call('pauseRun', { params: { id }, body }));
    setBusy(false);
    void client.invalidateQueries();
    toast(counted('paused', done.length, failed), failed.length > 0 ? { tone: 'crit' } : {});
    onDone();
  };
  return (
    <>
      <Button small disabled={!may || busy || running.length === 0} onClick={() => void pause()}>
        Pause {running.length}
      </Button>
      <Button small kind="danger" disabled={!may || busy || open.length === 0} onClick={() => setKilling(true)}>
        Kill {open.length}…
      </Button>
      {killing && (
        <KillAll
          runs={open}
          onClose={(is_done) => {
            setKilling(false);
            if (is_done) onDone();
          }}
        />
      )}
    </>
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
