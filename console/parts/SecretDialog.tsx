import { useState } from 'react';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { copyText } from '../ui/Id.tsx';
import { CheckField } from './RadioField.tsx';
import styles from './SecretDialog.module.css';

interface Props {
  title: string;
  about: string;
  secret: string;
  /** What a program writes to use it. */
  usage?: string;
  onClose: () => void;
}

/** Shows a secret this once; it is left only by somebody who says that they keep it. */
export function SecretDialog({ title, about, secret, usage, onClose }: Props) {
  const [stored, setStored] = useState(false);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(secret);
    setCopied(true);
  };
  return (
    <Dialog
      open
      onClose={() => stored && onClose()}
      title={title}
      about={about}
      buttons={
        <Button kind="primary" disabled={!stored} onClick={onClose}>
          Done
        </Button>
      }
    >
      <div className={styles.secret}>
        <code>{secret}</code>
        <Button onClick={() => void copy()}>{copied ? 'Copied' : 'Copy'}</Button>
      </div>
      {usage && <pre className={styles.usage}>{usage}</pre>}
      <CheckField
        label="I stored it"
        hint="It is not kept here and cannot be shown again."
        checked={stored}
        onChange={setStored}
      />
    </Dialog>
  );
}
