import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { shortId } from './format.ts';
import styles from './Id.module.css';
import { useToast } from './Toast.tsx';

/** Puts a text on the clipboard; pages without a secure origin have no clipboard, so there a selection does it. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <button type="button" className={styles.copy} aria-label={copied ? 'Copied' : label} title={label} onClick={copy}>
      {copied ? <Check size={13} /> : <Copy size={13} />}
    </button>
  );
}

/** An id in the middle shortened; the whole is copied and stands in the title. */
export function Id({ id, whole = false }: { id: string; whole?: boolean }) {
  return (
    <span className={styles.id}>
      <code title={id}>{whole ? id : shortId(id)}</code>
      <CopyButton text={id} label={`Copy ${id}`} />
    </span>
  );
}

/** Eight characters of a hash or of what is as long; pressed, the whole is shown and copied. */
export function Hash({ hash }: { hash: string | null }) {
  const say = useToast();
  if (hash === null) return <span className="faint">–</span>;
  const copy = async () => {
    await copyText(hash);
    say(
      <>
        <code>{hash}</code> is copied
      </>,
    );
  };
  return (
    <button type="button" className={styles.hash} title={hash} onClick={() => void copy()}>
      <code>{hash.replace(/^(sha256:|[a-z]+_)/, '').slice(0, 8)}</code>
      <span className="only-read"> show and copy the whole</span>
    </button>
  );
}
