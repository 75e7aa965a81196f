import { escalationText } from '@aos/core/activity/escalation-text.ts';
import { Link } from 'wouter';
import type { SignalRow } from '../../parts/SignalDialogs.tsx';
import { State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Spark } from '../../ui/Spark.tsx';
import { Time } from '../../ui/Time.tsx';
import { remedyOf } from './remedy.ts';
import styles from './Signals.module.css';

interface Props {
  signal: SignalRow;
  /** What a policy against it starts from; null: a policy is no answer. */
  template: string | null;
  may: boolean;
  busy: boolean;
  onAcknowledge: () => void;
  onSuppress: () => void;
}

/** One signal: the sentence it was found by, when, what it concerns, and what can be done. */
export function SignalCard({ signal, template, may, busy, onAcknowledge, onSuppress }: Props) {
  const { severity, text, status, last_day, policy_id, policy_name, run_id, escalates } = signal;
  const remedy = remedyOf(signal.type, signal);
  const seen = last_day.reduce((all, count) => all + count, 0);
  return (
    <li className={styles.card} aria-label={text}>
      <State of="severity" state={severity} bare />
      <div>
        <p>
          <Said text={text} />
        </p>
        <p className={styles.about}>
          {status !== 'open' && <State of="signal" state={status} bare />}
          <span>
            first <Time at={signal.first_seen_at} />, last <Time at={signal.last_seen_at} />
          </span>
          {signal.suppressed_until && (
            <span>
              until <Time at={signal.suppressed_until} />
              {escalates && `, or until it escalates (${escalationText(escalates)})`}
            </span>
          )}
          {signal.act_reason && <span>“{signal.act_reason}”</span>}
          {run_id && <Link href={hrefOf(run_id)}>Run</Link>}
          {remedy && <Link href={remedy.href}>{remedy.text}</Link>}
          {policy_id && <Link href={hrefOf(policy_id)}>Policy {policy_name}</Link>}
        </p>
      </div>
      <Spark values={last_day} label={`Found by ${seen} looks in the last 24 hours`} />
      <div className={styles.acts}>
        {template && (
          <Link href={policyHref(template, signal.agent_slug)} aria-label={`Make a policy from this: ${text}`}>
            Make a policy
          </Link>
        )}
        {may && status === 'open' && (
          <Button small disabled={busy} onClick={onAcknowledge} aria-label={`Acknowledge: ${text}`}>
            Acknowledge
          </Button>
        )}
        {may && status !== 'resolved' && (
          <Button small onClick={onSuppress} aria-label={`Suppress: ${text}`}>
            Suppress…
          </Button>
        )}
      </div>
    </li>
  );
}

/** The wizard, at a template and, where the signal is about one, for that agent. */
function policyHref(template: string, agent: string | null): string {
  const search = new URLSearchParams({ template, ...(agent !== null && { agent }) });
  return `/policies/new?${search}`;
}
