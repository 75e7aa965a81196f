import { DropdownMenu as Kit } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import styles from './Dialog.module.css';

export interface MenuItem {
  name: string;
  hint?: string;
  disabled?: boolean;
  onChoose: () => void;
}

/** What can be done with one thing, behind one button. */
export function Menu({ items, children }: { items: readonly MenuItem[]; children: ReactNode }) {
  return (
    <Kit.Root modal={false}>
      <Kit.Trigger asChild>{children}</Kit.Trigger>
      <Kit.Portal>
        <Kit.Content className={styles.menu} align="end" sideOffset={4} collisionPadding={8}>
          <Items of={items} />
        </Kit.Content>
      </Kit.Portal>
    </Kit.Root>
  );
}

const Items = ({ of }: { of: readonly MenuItem[] }) =>
  of.map(({ name, hint, disabled, onChoose }) => (
    <Kit.Item key={name} className={styles.item} disabled={disabled ?? false} onSelect={onChoose}>
      {name}
      {hint && <kbd aria-hidden="true">{hint}</kbd>}
    </Kit.Item>
  ));

/** A place in the window, in pixels. */
export interface Place {
  x: number;
  y: number;
}

interface MenuAtProps {
  at: Place;
  /** What it is about, for those who cannot see where it opened. */
  label: string;
  items: readonly MenuItem[];
  onClose: () => void;
}

/** The same where somebody pointed; the focus goes back to where it was. */
export function MenuAt({ at, label, items, onClose }: MenuAtProps) {
  const [before] = useState(() => document.activeElement);
  return (
    <Kit.Root open modal={false} onOpenChange={(is_open) => !is_open && onClose()}>
      <Kit.Trigger asChild>
        <span aria-hidden="true" style={{ position: 'fixed', left: at.x, top: at.y }} />
      </Kit.Trigger>
      <Kit.Portal>
        <Kit.Content
          className={styles.menu}
          align="start"
          collisionPadding={8}
          aria-label={label}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (before instanceof HTMLElement) before.focus();
          }}
        >
          <Items of={items} />
        </Kit.Content>
      </Kit.Portal>
    </Kit.Root>
  );
}
