import { useState } from 'react';

/** Something that one reader chose, in their own browser; null: nothing yet, or what is kept cannot be read. */
function keptAt<Of>(name: string): Of | null {
  try {
    return JSON.parse(localStorage.getItem(name) ?? 'null') as Of | null;
  } catch {
    return null;
  }
}

/** A choice that stays for this browser; it is seen by nobody else. Setting null forgets it. */
export function useKept<Of>(name: string): [Of | null, (to: Of | null) => void] {
  const [kept, setKept] = useState<Of | null>(() => keptAt<Of>(name));
  const keep = (to: Of | null) => {
    setKept(to);
    forgetOrKeep(name, to);
  };
  return [kept, keep];
}

/** The same without being shown. */
export function forgetOrKeep(name: string, to: unknown): void {
  if (to === null) localStorage.removeItem(name);
  else localStorage.setItem(name, JSON.stringify(to));
}
