import { useState } from 'react';
import { Link } from 'wouter';
import { type Item, useApi } from '../../api.ts';
import { useMay } from '../../parts/session.ts';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Time } from '../../ui/Time.tsx';
import { AnswerDialog } from './AnswerDialog.tsx';
import styles from './Run.module.css';

type Approval = Item<'listApprovals'>;

/** The questions that calls of this run wait for, each with its two answers. */
export function RunApprovals({ run_id }: { run_id: string }) {
  const asked = useApi('listApprovals', { query: { run_id, status: 'pending', limit: 20 } });
  return (asked.data?.items ?? []).map((approval) => <Question key={approval.id} of={approval} />);
}

function Question({ of }: { of: Approval }) {
  const may = useMay('approve');
  const [answer, setAnswer] = useState<'approve' | 'deny' | null>(null);
  const title = may ? undefined : 'Your key may not decide; an approver or admin may';
  return (
    <section className={styles.notice} aria-label="Waits for a person">
      <Status tone="warn" glyph="pause">
        Waits for a person
      </Status>
      <span className="cut" title={of.question}>
        <Said text={of.question} />
      </span>
      <Link href={hrefOf(of.policy_id)}>
        {of.policy_name} v{of.policy_version}
      </Link>
      <span className="quiet">
        {of.ask.length > 0 && `asks ${of.ask.join(', ')}; `}
        {of.on_timeout === 'block' ? 'refused' : 'goes on'} by itself <Time at={of.expires_at} />
      </span>
      <span className={styles.rest} />
      <Button small kind="primary" disabled={!may} title={title} onClick={() => setAnswer('approve')}>
        Approve…
      </Button>
      <Button small disabled={!may} title={title} onClick={() => setAnswer('deny')}>
        Deny…
      </Button>
      {answer && <AnswerDialog of={of} answer={answer} onClose={() => setAnswer(null)} />}
    </section>
  );
}
