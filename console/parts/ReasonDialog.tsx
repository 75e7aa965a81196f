import { type ReactNode, useState } from 'react';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { TextArea } from '../ui/Field.tsx';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  about?: ReactNode;
  /** On the button that does it. */
  verb: string;
  danger?: boolean;
  busy?: boolean;
  error?: { message: string } | null;
  onReason: (reason: string) => void;
  children?: ReactNode;
}

/** Asks why, since the ledger keeps the answer, and then does it. */
export function ReasonDialog(props: Props) {
  const { open, onClose, title, about, verb, danger = false, busy = false, error, onReason, children } = props;
  const [reason, setReason] = useState('');
  const [missing, setMissing] = useState(false);
  const submit = () => {
    setMissing(reason.trim() === '');
    if (reason.trim() !== '') onReason(reason.trim());
  };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      about={about}
      buttons={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind={danger ? 'danger' : 'primary'} disabled={busy} onClick={submit}>
            {busy ? 'Working …' : verb}
          </Button>
        </>
      }
    >
      {children}
      <TextArea
        label="Reason"
        hint="Kept in the ledger. Control and Enter sends it."
        maxLength={500}
        value={reason}
        error={missing ? 'Say why, in a few words.' : error?.message}
        onChange={(event) => setReason(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) submit();
        }}
      />
    </Dialog>
  );
}
