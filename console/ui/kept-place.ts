import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';

/** How far down each list was, by what it lists; gone when the page is loaded anew. */
const places = new Map<string, number>();

let is_return = false;
window.addEventListener('popstate', () => {
  is_return = true;
});
// wouter tells of each step forward.
window.addEventListener('pushState', () => {
  is_return = false;
});

/** Who comes back to a list finds it where it was left; who goes to it anew begins at its top. */
export function useKeptPlace(of: RefObject<HTMLElement | null>, name: string | undefined, is_ready: boolean): void {
  const [wanted] = useState(() => (is_return && name !== undefined ? places.get(name) : undefined));
  useLayoutEffect(() => {
    if (is_ready && wanted !== undefined && of.current) of.current.scrollTop = wanted;
  }, [of, is_ready, wanted]);
  useEffect(() => {
    const element = of.current;
    if (!element || name === undefined) return;
    const onScroll = () => places.set(name, element.scrollTop);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [of, name]);
}
