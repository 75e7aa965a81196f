import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { shortId } from './format.ts';
import styles from './Id.module.css';

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

/** Eight characters of a hash; the whole is copied. */
export function Hash({ hash }: { hash: string | null }) {
  if (hash === null) return <span className="faint">–</span>;
  return (
    <span className={styles.id}>
      <code title={hash}>{hash.replace(/^sha256:/, '').slice(0, 8)}</code>
      <CopyButton text={hash} label="Copy the whole hash" />
    </span>
  );
}
