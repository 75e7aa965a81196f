import type { ButtonHTMLAttributes, Ref } from 'react';
import styles from './Button.module.css';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: 'plain' | 'primary' | 'danger' | 'normal';
  small?: boolean;
  /** The key that does the same. */
  hint?: string;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ kind = 'normal', small = false, hint, children, className, ...rest }: Props) {
  const classes = [styles.button, styles[kind], small && styles.small, className].filter(Boolean).join(' ');
  return (
    <button type="button" {...rest} className={classes}>
      {children}
      {hint && <kbd aria-hidden="true">{hint}</kbd>}
    </button>
  );
}

/** The look of a primary button for a link: what the page is about leads elsewhere. */
export const primaryLook = [styles.button, styles.primary, styles.small, styles.leads].join(' ');

/** Looks like a link and does something here. */
export function LinkButton({ className, ...rest }: ButtonHTMLAttributes<HTMLButtonElement>) {
  return <button type="button" {...rest} className={[styles.link, className].filter(Boolean).join(' ')} />;
}
