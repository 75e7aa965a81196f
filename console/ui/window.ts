import { type RefObject, useCallback, useLayoutEffect, useState } from 'react';

/** Every row is as high, so which rows are in sight is a division. */
export const rowHeight = 32;
const beyond = 8;

/**
 * Which rows of a scrolled element are in sight, how wide it is, and whether its reader is busy with them. It is
 * measured before it is first painted, so that rows are made once, and no more of them than are seen.
 */
export function useWindow(of: RefObject<HTMLElement | null>, height_of_row = rowHeight) {
  const [top_row, setTopRow] = useState(0);
  const [scrolled, setScrolled] = useState(false);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [hovered, setHovered] = useState(false);
  const onScroll = useCallback(() => {
    const top = of.current?.scrollTop ?? 0;
    setTopRow(Math.floor(top / height_of_row));
    setScrolled(top > 0);
  }, [of, height_of_row]);
  useLayoutEffect(() => {
    const element = of.current;
    if (!element) return;
    onScroll();
    setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(([entry]) => entry && setSize(entry.contentRect));
    observer.observe(element);
    return () => observer.disconnect();
  }, [of, onScroll]);
  const below = size === null ? 0 : Math.ceil(size.height / height_of_row) + beyond;
  return {
    first: Math.max(0, top_row - beyond),
    last: size === null ? 0 : top_row + below,
    /** How many are in sight at most: rows keyed by their place modulo this are changed as they scroll and not made anew. */
    most: below + beyond,
    width: size?.width ?? 0,
    scrolled,
    hovered,
    onScroll,
    onHover: setHovered,
  };
}
