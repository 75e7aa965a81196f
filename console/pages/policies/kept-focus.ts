import { useEffect } from 'react';

interface Place {
  field: number;
  caret: number | null;
}

const fieldsIn = (form: Element | null | undefined): HTMLElement[] => [
  ...(form?.querySelectorAll<HTMLElement>('input, textarea, select, button') ?? []),
];

/** Which field of a form is being written in, for the same form at another address; null: none. */
export function focusIn(form: Element | null | undefined): Place | null {
  const field = fieldsIn(form).indexOf(document.activeElement as HTMLElement);
  if (field < 0) return null;
  return { field, caret: (document.activeElement as Partial<HTMLInputElement>).selectionStart ?? null };
}

/** Goes on where `focusIn` was told to the address that led here. */
export function useKeptFocus(form: () => Element | null | undefined) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the form comes up
  useEffect(() => {
    const place = window.history.state as Partial<Place> | null;
    if (typeof place?.field !== 'number') return;
    const field = fieldsIn(form())[place.field] as HTMLInputElement | undefined;
    field?.focus();
    if (typeof place.caret === 'number') field?.setSelectionRange?.(place.caret, place.caret);
  }, []);
}
