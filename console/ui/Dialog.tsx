import { Dialog as Kit } from 'radix-ui';
import type { ReactNode } from 'react';
import styles from './Dialog.module.css';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  /** What it is about, in a sentence. */
  about?: ReactNode;
  children: ReactNode;
  buttons?: ReactNode;
}

/** A question that must be answered before anything else; Escape takes it back. */
export function Dialog({ open, onClose, title, about, children, buttons }: Props) {
  return (
    <Kit.Root open={open} onOpenChange={(is_open) => !is_open && onClose()}>
      <Kit.Portal>
        <Kit.Overlay className={styles.scrim} />
        <Kit.Content className={styles.dialog} {...(about === undefined && { 'aria-describedby': undefined })}>
          <Kit.Title asChild>
            <h2>{title}</h2>
          </Kit.Title>
          {about !== undefined && (
            <Kit.Description asChild>
              <div className="quiet">{about}</div>
            </Kit.Description>
          )}
          {children}
          {buttons && <div className={styles.buttons}>{buttons}</div>}
        </Kit.Content>
      </Kit.Portal>
    </Kit.Root>
  );
}
