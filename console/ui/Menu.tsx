import { DropdownMenu as Kit } from 'radix-ui';
import type { ReactNode } from 'react';
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
          {items.map(({ name, hint, disabled, onChoose }) => (
            <Kit.Item key={name} className={styles.item} disabled={disabled ?? false} onSelect={onChoose}>
              {name}
              {hint && <kbd aria-hidden="true">{hint}</kbd>}
            </Kit.Item>
          ))}
        </Kit.Content>
      </Kit.Portal>
    </Kit.Root>
  );
}
