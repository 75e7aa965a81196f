import { useLayoutEffect, useRef } from 'react';

const off_as = 'aos.keys.off';

export const areKeysOff = (): boolean => localStorage.getItem(off_as) === '1';
export const setKeysOff = (off: boolean): void => localStorage.setItem(off_as, off ? '1' : '0');

/** Where keys write text, or belong to the dialog or menu that is open. */
function isBusy(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  const writes = element?.closest('input, textarea, select, [contenteditable="true"]') != null;
  return writes || document.querySelector('[role="dialog"], [role="menu"]') !== null;
}

const orderOf = ({ shiftKey, key }: KeyboardEvent): string => `mod+${shiftKey ? 'shift+' : ''}${key.toLowerCase()}`;

/**
 * What keys do on this page: `p`, `K`, `g o` (one after the other), `mod+k` (Command or Control), `mod+shift+c`. Single
 * keys can be switched off, as speech input may press them by accident.
 */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  // With the paint and not after it: what is seen hears its keys.
  useLayoutEffect(() => {
    let before = '';
    const onKey = (event: KeyboardEvent) => {
      const name = event.metaKey || event.ctrlKey ? orderOf(event) : event.key;
      if (event.altKey || event.defaultPrevented) return;
      if (!name.startsWith('mod+') && (isBusy(event.target) || areKeysOff())) return;
      const action = latest.current[`${before} ${name}`] ?? latest.current[name];
      before = action ? '' : name;
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
