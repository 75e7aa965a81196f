import { type RefObject, useLayoutEffect, useState } from 'react';

/** Every row is as high, so which rows are in sight is a division. */
export const rowHeight = 32;
const beyond = 8;

/** Which rows of a scrolled element are in sight, how wide it is, and whether its reader is busy with them. */
export function useWindow(of: RefObject<HTMLElement | null>, height_of_row = rowHeight) {
  const [top, setTop] = useState(0);
  const [{ width, height }, setSize] = useState({ width: 0, height: 800 });
  const [hovered, setHovered] = useState(false);
  useLayoutEffect(() => {
    const element = of.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setSize(entry.contentRect));
    observer.observe(element);
    return () => observer.disconnect();
  }, [of]);
  const first = Math.max(0, Math.floor(top / height_of_row) - beyond);
  return {
    first,
    last: first + Math.ceil(height / height_of_row) + 2 * beyond,
    width,
    scrolled: top > 0,
    hovered,
    onScroll: () => setTop(of.current?.scrollTop ?? 0),
    onHover: setHovered,
  };
}
