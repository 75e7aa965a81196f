import { useCallback, useSyncExternalStore } from 'react';

/** Whether the window is narrower than this many pixels; 0: it never is. */
export function useNarrow(below: number): boolean {
  const query = `(max-width: ${below - 1}px)`;
  const subscribe = useCallback(
    (tell: () => void) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', tell);
      return () => media.removeEventListener('change', tell);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => below > 0 && window.matchMedia(query).matches);
}
