import { useState } from 'react';
import { Link } from 'wouter';
import { type Item, useApi } from '../../api.ts';
import { effectOf } from '../../parts/approvals.ts';
import { useMay } from '../../parts/session.ts';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Time } from '../../ui/Time.tsx';
import { AnswerDialog } from './AnswerDialog.tsx';
import styles from './Run.module.css';

type Approval = Item<'listApprovals'>;

/** The open questions of a run that an answer still does something about. */
export const useQuestions = (run_id: string): readonly Approval[] =>
  (useApi('listApprovals', { query: { run_id, status: 'pending', limit: 20 } }).data?.items ?? []).filter(
    (of) => effectOf(of) !== 'nothing',
  );

/** The questions that calls of this run wait for, or waited for, each with its two answers. */
export const RunApprovals = ({ run_id }: { run_id: string }) =>
  useQuestions(run_id).map((approval) => <Question key={approval.id} of={approval} />);

function Question({ of }: { of: Approval }) {
  const may = useMay('approve');
  const [answer, setAnswer] = useState<'approve' | 'deny' | null>(null);
  const is_for_later = effectOf(of) === 'later calls';
  const words = is_for_later ? 'Asked a person, and has ended' : 'Waits for a person';
  const title = may ? undefined : 'Your key may not decide; an approver or admin may';
  return (
    <section className={styles.notice} aria-label={words}>
      <Status tone="warn" glyph="pause">
        {words}
      </Status>
      <span className="cut" title={of.question}>
        <Said text={of.question} />
      </span>
      <Link href={hrefOf(of.policy_id)}>
        {of.policy_name} v{of.policy_version}
      </Link>
      <span className="quiet">
        {of.ask.length > 0 && `asks ${of.ask.join(', ')}; `}
        {is_for_later ? (
          <>
            nothing of this run waits: an answer holds for later calls of others, until <Time at={of.valid_until} />
          </>
        ) : (
          <>
            {of.on_timeout === 'block' ? 'refused' : 'goes on'} by itself <Time at={of.expires_at} />
          </>
        )}
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
