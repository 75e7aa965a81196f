import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import styles from './Combobox.module.css';
import { Field } from './Field.tsx';
import { Glyph } from './Glyph.tsx';

export interface ComboOption {
  value: string;
  name: string;
  about?: ReactNode;
  is_chosen?: boolean;
  disabled?: boolean;
}

interface Props {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
  text: string;
  options: readonly ComboOption[];
  /** What is found, in one sentence; it is also said aloud. */
  said: string;
  onText: (text: string) => void;
  /** An option was chosen, or chosen again, which takes it out. */
  onChoose: (option: ComboOption) => void;
  /** Enter, a comma, or leaving the field, with no option under the cursor. */
  onTyped: (text: string, by: 'enter' | 'leaving') => void;
  /** Backspace where nothing is typed. */
  onBack: () => void;
}

/** A field with a list of what fits the text; several may be chosen, and the text may be what no option says. */
export function Combobox(props: Props) {
  const { label, hint, error, text, options, said, onText, onTyped } = props;
  const list = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  // What was under the cursor of another list is not under that of this one.
  const of = options.map(({ value }) => value).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the options are what it depends on
  useEffect(() => setAt(-1), [of]);
  const onKeyDown = useKeysOfList(props, { open, setOpen, at, setAt });
  return (
    <>
      <Field label={label} hint={hint} error={error}>
        {(wired) => (
          <div className={styles.box}>
            <input
              type="text"
              autoComplete="off"
              spellCheck={false}
              {...wired}
              role="combobox"
              aria-expanded={open}
              aria-controls={list}
              aria-autocomplete="list"
              aria-activedescendant={open && at >= 0 ? `${list}-${at}` : undefined}
              value={text}
              onChange={({ target: { value } }) => {
                setOpen(true);
                setAt(-1);
                if (value.endsWith(',')) onTyped(value.slice(0, -1), 'enter');
                else onText(value);
              }}
              onClick={() => setOpen(true)}
              onBlur={() => {
                setOpen(false);
                onTyped(text, 'leaving');
              }}
              onKeyDown={onKeyDown}
            />
            {open && <Options {...props} list={list} at={at} />}
          </div>
        )}
      </Field>
      <p className="only-read" role="status">
        {open ? said : ''}
      </p>
    </>
  );
}

interface Cursor {
  open: boolean;
  setOpen: (open: boolean) => void;
  at: number;
  setAt: (at: number) => void;
}

/** Down and up go through the options, Enter takes the one under the cursor, Escape closes the list. */
function useKeysOfList({ text, options, onText, onChoose, onTyped, onBack }: Props, cursor: Cursor) {
  const { open, setOpen, at, setAt } = cursor;
  const step = (by: 1 | -1) => {
    setOpen(true);
    const from = at < 0 && by < 0 ? 0 : at;
    if (options.length > 0) setAt((from + by + options.length) % options.length);
  };
  const enter = () => {
    const option = open ? options[at] : undefined;
    if (option) return option.disabled ? undefined : onChoose(option);
    setOpen(false);
    onTyped(text, 'enter');
  };
  const actFor = (key: string): (() => void) | undefined => {
    if (key === 'ArrowDown') return () => step(1);
    if (key === 'ArrowUp') return () => step(-1);
    if (key === 'Enter') return enter;
    if (key !== 'Escape') return undefined;
    if (open) return () => setOpen(false);
    return text === '' ? undefined : () => onText('');
  };
  return (event: KeyboardEvent) => {
    if (event.key === 'Backspace' && text === '') onBack();
    const act = event.metaKey || event.ctrlKey ? undefined : actFor(event.key);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
}

function Options({ label, options, said, onChoose, list, at }: Props & { list: string; at: number }) {
  const own = useRef<HTMLDivElement>(null);
  useEffect(() => {
    own.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  return (
    <div ref={own} className={styles.popup}>
      <div id={list} role="listbox" aria-label={`${label}: found`} aria-multiselectable="true">
        {options.map((option, n) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <div
            key={option.value}
            id={`${list}-${n}`}
            data-at={n}
            role="option"
            aria-selected={option.is_chosen === true}
            aria-disabled={option.disabled || undefined}
            className={`${styles.option} ${n === at ? styles.at : ''}`}
            // So that the field is not left.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => !option.disabled && onChoose(option)}
          >
            <span className={styles.mark}>{option.is_chosen && <Glyph name="check" size={12} />}</span>
            <span className={styles.name}>{option.name}</span>
            <span className={styles.about}>{option.about}</span>
          </div>
        ))}
      </div>
      <p className={styles.note} aria-hidden="true">
        {said}
      </p>
    </div>
  );
}
