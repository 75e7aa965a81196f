import { useState } from 'react';
import { type Answer, useAct } from '../api.ts';
import { Money } from '../ui/Amount.tsx';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Glyph } from '../ui/Glyph.tsx';
import { Instant } from '../ui/Time.tsx';
import styles from './KillDialog.module.css';
import { ReasonDialog } from './ReasonDialog.tsx';

interface Run {
  id: string;
  goal: string | null;
  agent_slug: string | null;
  estimated_cost_usd: string;
}

/** Says what a kill stops, asks why, and then shows what was confirmed and what was not. */
export function KillDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const kill = useAct('killRun');
  const [receipt, setReceipt] = useState<Answer<'killRun'> | null>(null);
  if (receipt) return <ReceiptDialog receipt={receipt} onClose={onClose} />;
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
            <li>Its calls in flight are cut on every process; the provider may still bill them.</li>
            <li>Every later call of the run is refused.</li>
            <li>Other runs and other sessions go on.</li>
          </ul>
        </>
      }
      onReason={(reason) => kill.mutate({ params: { id: run.id }, body: { reason } }, { onSuccess: setReceipt })}
    />
  );
}

function ReceiptDialog({ receipt, onClose }: { receipt: Answer<'killRun'>; onClose: () => void }) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={receipt.complete ? 'The run is killed' : 'The run is being stopped'}
      about={receipt.message}
      buttons={
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      }
    >
      <ReceiptList receipt={receipt} />
    </Dialog>
  );
}

/** What was confirmed, line by line; nothing is ticked that nobody has said. */
function ReceiptList({ receipt }: { receipt: Answer<'killRun'> }) {
  const { calls_aborted, streams_cut, processes_asked, processes_confirmed, process_confirmed, stop } = receipt;
  const cut = calls_aborted + streams_cut;
  return (
    <ol className={styles.receipt}>
      <Line done>
        Further calls are denied since <Instant at={stop.ordered_at} clock /> UTC
      </Line>
      <Line done={receipt.complete}>
        {cut === 0
          ? 'No call was in flight'
          : `${cut} ${cut === 1 ? 'call' : 'calls'} in flight cut (may still be billed)`}
        ; {processes_confirmed} of {processes_asked} processes confirmed
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
