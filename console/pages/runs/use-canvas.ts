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

/** Draws when there is something else to draw, and once a frame while `scrolled` scrolls; `draw` is a callback that is kept. */
export function useDrawing(
  canvas: RefObject<HTMLCanvasElement | null>,
  { width, height }: { width: number; height: number },
  scrolled: RefObject<HTMLElement | null>,
  draw: (context: CanvasRenderingContext2D, scrolled_px: number) => void,
): void {
  useLayoutEffect(() => {
    const element = canvas.current;
    const of = scrolled.current;
    if (!element || !of || width <= 0 || height <= 0) return;
    const context = contextOf(element, width, height);
    if (!context) return;
    const now = () => draw(context, of.scrollTop);
    now();
    let frame = 0;
    const onScroll = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(now);
    };
    of.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      of.removeEventListener('scroll', onScroll);
    };
  }, [canvas, scrolled, width, height, draw]);
}
