import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { Button } from './Button.tsx';
import { Glyph } from './Glyph.tsx';
import styles from './Toast.module.css';

interface Message {
  id: number;
  text: ReactNode;
  tone: 'ok' | 'crit';
  undo?: (() => void) | undefined;
}

type Say = (text: ReactNode, more?: { tone?: 'ok' | 'crit'; undo?: () => void }) => void;

const lasts_ms = 10_000;
const Toasts = createContext<Say>(() => undefined);

/** Tells what was done, for ten seconds, with a way back where there is one. */
export const useToast = (): Say => useContext(Toasts);

let last_id = 0;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const drop = useCallback((id: number) => setMessages((now) => now.filter((message) => message.id !== id)), []);
  const say: Say = useCallback(
    (text, { tone = 'ok', undo } = {}) => {
      last_id += 1;
      const id = last_id;
      setMessages((now) => [...now.slice(-2), { id, text, tone, undo }]);
      setTimeout(() => drop(id), lasts_ms);
    },
    [drop],
  );
  return (
    <Toasts.Provider value={useMemo(() => say, [say])}>
      {children}
      <section className={styles.toasts} aria-live="polite" aria-label="Messages">
        {messages.map(({ id, text, tone, undo }) => (
          <div key={id} className={styles.toast}>
            <span style={{ color: `var(--${tone})` }}>
              <Glyph name={tone === 'ok' ? 'check' : 'cross'} />
            </span>
            <span>{text}</span>
            {undo && (
              <Button
                small
                onClick={() => {
                  undo();
                  drop(id);
                }}
              >
                Undo
              </Button>
            )}
            <Button small kind="plain" onClick={() => drop(id)} aria-label="Dismiss this message">
              <Glyph name="cross" size={10} />
            </Button>
          </div>
        ))}
      </section>
    </Toasts.Provider>
  );
}
