import { useSyncExternalStore } from 'react';

/** How much room a row of a list has. */
export type Density = 'dense' | 'comfortable';

const kept_as = 'aos.density';
const changed = 'aos:density';

/** What one reader chose, in their own browser. */
const keptDensity = (): Density => (localStorage.getItem(kept_as) === 'comfortable' ? 'comfortable' : 'dense');

export function chooseDensity(density: Density): void {
  if (density === 'dense') localStorage.removeItem(kept_as);
  else localStorage.setItem(kept_as, density);
  window.dispatchEvent(new Event(changed));
}

/** Chosen in another window of the same browser, it is heard of too. */
function onChange(tell: () => void): () => void {
  for (const name of [changed, 'storage']) window.addEventListener(name, tell);
  return () => {
    for (const name of [changed, 'storage']) window.removeEventListener(name, tell);
  };
}

export const useDensity = (): Density => useSyncExternalStore(onChange, keptDensity);

/** What a comfortable row has more than a dense one, in pixels. */
export const more_room: Readonly<Record<Density, number>> = { dense: 0, comfortable: 8 };
