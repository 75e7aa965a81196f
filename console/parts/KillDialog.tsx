import { useState } from 'react';
import { type Answer, useAct, useApi } from '../api.ts';
import { Money } from '../ui/Amount.tsx';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Glyph } from '../ui/Glyph.tsx';
import { Instant } from '../ui/Time.tsx';
import { AtRisk, callsText } from './AtRisk.tsx';
import styles from './KillDialog.module.css';
import { ReasonDialog } from './ReasonDialog.tsx';

type Receipt = Answer<'killRun'>;

interface Run {
  id: string;
  goal: string | null;
  agent_slug: string | null;
  estimated_cost_usd: string;
}

/** Says what a kill stops and what that may cost, asks why, and then shows what was confirmed and what was not. */
export function KillDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const kill = useAct('killRun');
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  if (receipt) return <ReceiptDialog run_id={run.id} receipt={receipt} onClose={onClose} />;
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Kill this run?"
      verb="Kill the run"
      danger
      busy={kill.isPending}
      error={kill.error}
      about={
        <>
          <p>
            Ends <code>{run.id}</code>
            {run.agent_slug && <> of agent {run.agent_slug}</>} for good. It has cost{' '}
            <Money usd={run.estimated_cost_usd} />.
          </p>
          <ul className={styles.effects}>
            <Risk run_id={run.id} />
            <li>Every later call of the run is refused.</li>
            <li>Other runs and other sessions go on.</li>
          </ul>
        </>
      }
      onReason={(reason) => kill.mutate({ params: { id: run.id }, body: { reason } }, { onSuccess: setReceipt })}
    />
  );
}

/** What is in flight now, as long as the question stands. */
function Risk({ run_id }: { run_id: string }) {
  const { data, isError } = useApi('getInFlight', { params: { id: run_id } }, { refetchInterval: 1_000 });
  if (!data)
    return (
      <li>
        Its calls in flight are cut on every process; the provider may still bill them
        {isError ? ', and what they cost at most could not be read' : ''}.
      </li>
    );
  const { runs } = data;
  return (
    <>
      <li>
        <AtRisk of={data} />
      </li>
      {runs > 0 && (
        <li>
          {runs} {runs === 1 ? 'run that was asked for in it ends' : 'runs that were asked for in it end'} with it.
        </li>
      )}
    </>
  );
}

/** The receipt goes on ticking while processes confirm. */
function ReceiptDialog({ run_id, receipt, onClose }: { run_id: string; receipt: Receipt; onClose: () => void }) {
  const refetchInterval = ({ state }: { state: { data?: Answer<'getRun'> | undefined } }) =>
    state.data?.kill?.processes_missing === 0 ? false : 500;
  const asked = { enabled: !receipt.complete, refetchInterval };
  const { data } = useApi('getRun', { params: { id: run_id } }, asked);
  const now = receipt.complete ? null : data?.kill;
  const shown: Confirmed = now
    ? {
        cut: now.calls_aborted + now.streams_cut,
        confirmed: now.processes_confirmed,
        asked: now.processes_confirmed + now.processes_missing,
      }
    : {
        cut: receipt.calls_aborted + receipt.streams_cut,
        confirmed: receipt.processes_confirmed,
        asked: receipt.processes_asked,
      };
  const is_complete = shown.confirmed === shown.asked;
  return (
    <Dialog
      open
      onClose={onClose}
      title={is_complete ? 'The run is killed' : 'The run is being stopped'}
      about={
        is_complete
          ? 'Every process has confirmed.'
          : 'Processes that have not confirmed admit no call of it; one that they had admitted before may still run.'
      }
      buttons={
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      }
    >
      <ReceiptList receipt={receipt} of={shown} />
    </Dialog>
  );
}

interface Confirmed {
  cut: number;
  confirmed: number;
  asked: number;
}

/** What was confirmed, line by line; nothing is ticked that nobody has said. */
function ReceiptList({ receipt, of }: { receipt: Receipt; of: Confirmed }) {
  const { process_confirmed, stop } = receipt;
  const { cut, confirmed, asked } = of;
  const is_complete = confirmed === asked;
  const none = is_complete ? 'No call was in flight' : 'No call is known to have been in flight';
  return (
    <ol className={styles.receipt} aria-live="polite">
      <Line done>
        Further calls are denied since <Instant at={stop.ordered_at} clock /> UTC
      </Line>
      <Line done={is_complete}>
        {cut === 0 ? none : `${callsText(cut)} in flight cut (may still be billed)`}; {confirmed} of {asked} processes
        confirmed
      </Line>
      <Line done={process_confirmed === true}>
        {process_confirmed === true
          ? 'The program of the agent has stopped'
          : 'Whether the program of the agent itself has stopped is not known: it has no stop hook'}
      </Line>
    </ol>
  );
}

function Line({ done, children }: { done: boolean; children: React.ReactNode }) {
  return (
    <li>
      <span style={{ color: done ? 'var(--ok)' : 'var(--text-3)' }}>
        <Glyph name={done ? 'check' : 'circle'} />
      </span>
      <span>
        <span className="only-read">{done ? 'Confirmed: ' : 'Not confirmed: '}</span>
        {children}
      </span>
    </li>
  );
}
