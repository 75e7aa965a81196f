import { type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { type Draft, documentOf } from '../../parts/policy-draft.ts';
import { useUrlWord } from '../../url-state.ts';
import { isStep, type Step, steps } from './new-steps.ts';

interface Ask {
  /** Of the step in hand. */
  heading: RefObject<HTMLHeadingElement | null>;
  onReview: () => void;
  onStore: () => void;
}

/** Which step is in hand: in the address, and by Alt and its number. Control and Enter review, Control and S store. */
export function useSteps({ heading, onReview, onStore }: Ask) {
  const [word, setWord] = useUrlWord('step', 'target');
  const step: Step = isStep(word) ? word : 'target';
  const [visited, setVisited] = useState<ReadonlySet<Step>>(new Set());
  /** With what is wrong there, to the field of it. */
  const go = (to: Step, wrong?: object) => {
    setVisited((now) => new Set([...now, step, ...(wrong ? [to] : [])]));
    setWord(to);
    setTimeout(() => {
      const field = heading.current?.parentElement?.querySelector<HTMLElement>('[aria-invalid="true"]');
      (wrong && field ? field : heading.current)?.focus();
    }, focus_ms);
  };
  const latest = useRef({ go, onReview, onStore });
  latest.current = { go, onReview, onStore };
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (document.querySelector('[role="dialog"]')) return;
      const is_command = event.metaKey || event.ctrlKey;
      const is_review = event.key === 'Enter' && is_command;
      const is_store = event.key.toLowerCase() === 's' && is_command && !event.shiftKey && !event.altKey;
      const digit = event.altKey ? /^Digit([1-6])$/.exec(event.code)?.[1] : undefined;
      const to = steps[Number(digit) - 1];
      if (!is_review && !is_store && !to) return;
      event.preventDefault();
      if (is_review) latest.current.onReview();
      else if (is_store) latest.current.onStore();
      else if (to) latest.current.go(to);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return { step, visited, go };
}

/** Until the step is drawn, and a dialog that closes has given the focus back. */
const focus_ms = 50;

/** Where two drafts differ. */
export function changedPaths(before: Draft, after: Draft): string[] {
  const of = (value: unknown, path: string): [string, string][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, part]) =>
          of(
            part,
            Array.isArray(value)
              ? typeof part === 'object'
                ? `${path}[${name}]`
                : path
              : path === ''
                ? name
                : `${path}.${name}`,
          ),
        )
      : [[path, JSON.stringify(value)]];
  const [old, fresh] = [before, after].map((draft) => of(documentOf(draft), '').map((pair) => pair.join(' ')));
  const gone = old?.filter((pair) => !fresh?.includes(pair)) ?? [];
  const come = fresh?.filter((pair) => !old?.includes(pair)) ?? [];
  return [...gone, ...come].map((pair) => pair.slice(0, pair.indexOf(' ')));
}
