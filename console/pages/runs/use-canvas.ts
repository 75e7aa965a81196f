import { type RefObject, useEffect, useLayoutEffect, useState } from 'react';
import { type Colours, coloursNow, contextOf } from './lanes.ts';

export interface Box {
  left: number;
  width: number;
  height: number;
}

/** The place of an element in its parent, as it changes. */
export function useBox(of: RefObject<HTMLElement | null>): Box {
  const [box, setBox] = useState<Box>({ left: 0, width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = of.current;
    if (!element) return;
    const measure = () =>
      setBox({ left: element.offsetLeft, width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [of]);
  return box;
}

/** The colours of the theme, also after it was changed. */
export function useColours(): Colours {
  const [colours, setColours] = useState(coloursNow);
  useEffect(() => {
    const onTheme = () => setColours(coloursNow());
    window.addEventListener('aos:theme', onTheme);
    return () => window.removeEventListener('aos:theme', onTheme);
  }, []);
  return colours;
}

/** Draws after each render, and once a frame while `scrolled` scrolls. */
export function useDrawing(
  canvas: RefObject<HTMLCanvasElement | null>,
  size: { width: number; height: number },
  scrolled: RefObject<HTMLElement | null>,
  draw: (context: CanvasRenderingContext2D, scrolled_px: number) => void,
): void {
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element || size.width <= 0 || size.height <= 0) return;
    const context = contextOf(element, size.width, size.height);
    if (!context) return;
    const now = () => draw(context, scrolled.current?.scrollTop ?? 0);
    now();
    let frame = 0;
    const onScroll = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(now);
    };
    const of = scrolled.current;
    of?.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      of?.removeEventListener('scroll', onScroll);
    };
  });
}
