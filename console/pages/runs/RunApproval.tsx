import { useState } from 'react';
import { Link } from 'wouter';
import { type Item, useAct, useApi } from '../../api.ts';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { useMay } from '../../parts/session.ts';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
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

function AnswerDialog({ of, answer, onClose }: { of: Approval; answer: 'approve' | 'deny'; onClose: () => void }) {
  const approve = useAct('approve');
  const deny = useAct('deny');
  const toast = useToast();
  const [more, setMore] = useState('');
  const is_yes = answer === 'approve';
  const top_up = more.trim();
  const save = (reason: string) => {
    const done = {
      onSuccess: () => {
        toast(is_yes ? 'Approved: what waited goes on' : 'Denied: what waited is refused');
        onClose();
      },
    };
    const params = { id: of.id };
    if (!is_yes) return deny.mutate({ params, body: { reason } }, done);
    // Money is exact as a text; what is counted is a number.
    const amount = of.unit?.startsWith('usd') ? top_up : Number(top_up);
    approve.mutate({ params, body: { reason, ...(top_up !== '' && { top_up: amount }) } }, done);
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={is_yes ? 'Let it go on?' : 'Refuse what waits?'}
      about={<Said text={of.question} />}
      verb={is_yes ? 'Approve' : 'Deny'}
      danger={!is_yes}
      busy={approve.isPending || deny.isPending}
      error={is_yes ? approve.error : deny.error}
      onReason={save}
    >
      {is_yes && of.unit !== null && (
        <TextField
          label={`Raise the limit once by (${of.unit.replaceAll('_', ' ')})`}
          hint="Empty: the control lets everything of this run pass until its window ends."
          inputMode="decimal"
          value={more}
          onChange={(event) => setMore(event.target.value)}
        />
      )}
    </ReasonDialog>
  );
}
