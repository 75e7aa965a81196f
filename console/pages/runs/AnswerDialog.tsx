import { useState } from 'react';
import { type Item, useAct } from '../../api.ts';
import { effectOf } from '../../parts/approvals.ts';
import { CheckField } from '../../parts/RadioField.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { Said } from '../../ui/Amount.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Instant } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';

type Approval = Item<'listApprovals'>;

interface Props {
  of: Approval;
  answer: 'approve' | 'deny';
  onClose: () => void;
}

/** The answer holds for all who share the balance, not for the run that asked alone: so it says for whom, and how long. */
export function AnswerDialog({ of, answer, onClose }: Props) {
  const approve = useAct('approve');
  const deny = useAct('deny');
  const toast = useToast();
  const [more, setMore] = useState('');
  const [sure, setSure] = useState(false);
  const [unsaid, setUnsaid] = useState(false);
  const is_yes = answer === 'approve';
  const top_up = more.trim();
  const is_for_all = of.subject === '*';
  const is_open = is_for_all && top_up === '' && !sure;
  const save = (reason: string) => {
    const done = {
      onSuccess: () => {
        const what = effectOf(of) === 'goes on' ? 'what waited' : 'no call waited; what comes later';
        toast(is_yes ? `Approved: ${what} goes on` : `Denied: ${what} is refused`);
        onClose();
      },
    };
    const params = { id: of.id };
    if (!is_yes) return deny.mutate({ params, body: { reason } }, done);
    setUnsaid(is_open);
    if (is_open) return;
    // Money is exact as a text; what is counted is a number.
    const amount = of.unit?.startsWith('usd') ? top_up : Number(top_up);
    approve.mutate({ params, body: { reason, ...(top_up !== '' && { top_up: amount }) } }, done);
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={is_yes ? 'Let it go on?' : 'Refuse what waits?'}
      about={
        <>
          <div>
            <Said text={of.question} />
          </div>
          {is_yes ? 'Approving lets pass' : 'Denying refuses'} <Whose of={of} /> until <Instant at={of.valid_until} />
          {is_yes && of.unit !== null && ', unless the limit is only raised'}.
        </>
      }
      verb={is_yes ? 'Approve' : 'Deny'}
      danger={!is_yes}
      busy={approve.isPending || deny.isPending}
      error={is_yes ? approve.error : deny.error}
      onReason={save}
    >
      {is_yes && of.unit !== null && (
        <TextField
          label={`Raise the limit once by (${of.unit.replaceAll('_', ' ')})`}
          hint={is_for_all ? undefined : 'Empty: no amount holds them until then.'}
          error={unsaid && is_open ? 'Say by how much, or confirm that every call passes.' : null}
          inputMode="decimal"
          value={more}
          onChange={(event) => setMore(event.target.value)}
        />
      )}
      {is_yes && is_for_all && top_up === '' && (
        <CheckField
          label="Let every call that this limit counts pass"
          hint="Of every run, whatever they use: until then the limit holds nobody."
          checked={sure}
          onChange={setSure}
        />
      )}
    </ReasonDialog>
  );
}

/** Whose balance is spent, as `subject` names it. */
function Whose({ of: { subject, run_id } }: { of: Approval }) {
  if (subject === '*') return <strong>every call that this limit counts, of other runs too,</strong>;
  if (subject.split(' ').includes(run_id)) return 'the calls of this run';
  return (
    <>
      all calls counted for <code>{subject}</code>, of other runs too,
    </>
  );
}
