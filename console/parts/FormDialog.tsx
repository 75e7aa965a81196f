import type { FormEvent, ReactNode } from 'react';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { Glyph } from '../ui/Glyph.tsx';
import styles from './FormDialog.module.css';

interface Props {
  title: string;
  about?: ReactNode;
  verb: string;
  busy: boolean;
  /** What keeps it from being sent, or what the server said about it. */
  error?: { message: string } | null | undefined;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A few fields and one verb; Enter sends it. */
export function FormDialog({ title, about, verb, busy, error, onSubmit, onClose, children }: Props) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) onSubmit();
  };
  return (
    <Dialog open onClose={onClose} title={title} about={about}>
      <form className={styles.form} onSubmit={submit}>
        {children}
        {error && (
          <p className={styles.wrong} role="alert">
            <Glyph name="cross" /> {error.message}
          </p>
        )}
        <div className={styles.buttons}>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={busy}>
            {busy ? 'Working …' : verb}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
