import { Dialog as Kit } from 'radix-ui';
import { type ReactNode, useState } from 'react';
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
export function Dialog({ open, onClose, ...asked }: Props) {
  return (
    <Kit.Root open={open} onOpenChange={(is_open) => !is_open && onClose()}>
      <Kit.Portal>
        <Kit.Overlay className={styles.scrim} />
        <Question {...asked} />
      </Kit.Portal>
    </Kit.Root>
  );
}

/** What has the focus goes on with it afterwards; of an item of a menu, which is gone by then, what opened the menu. */
function focused(): Element | null {
  const at = document.activeElement;
  const menu = at?.closest('[role="menu"]')?.getAttribute('aria-labelledby');
  return (menu ? document.getElementById(menu) : null) ?? at;
}

function Question({ title, about, children, buttons }: Omit<Props, 'open' | 'onClose'>) {
  const [before] = useState(focused);
  return (
    <Kit.Content
      className={styles.dialog}
      onCloseAutoFocus={(event) => {
        event.preventDefault();
        if (before instanceof HTMLElement) before.focus();
      }}
      {...(about === undefined && { 'aria-describedby': undefined })}
    >
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
  );
}
