import { type MouseEvent, memo, type RefObject, useCallback, useMemo, useRef } from 'react';
import { barOf, contextOf, drawSeen, drawStrip, type Lanes, row_px } from './lanes.ts';
import type { ShownStep } from './step-words.ts';
import styles from './Timeline.module.css';
import type { Row } from './timeline-layout.ts';
import { useBox, useColours, useDrawing } from './use-canvas.ts';

interface Props {
  rows: readonly Row<ShownStep>[];
  lanes: Lanes;
  grid: RefObject<HTMLDivElement | null>;
  /** How much of the rows is in sight. */
  shown_px: number;
}

const high_px = 24;
const worth_it = 12;

/** The whole run at one glance over its rows; a click goes there. The rows say the same to those who do not see it. */
export const Strip = memo(({ rows, lanes, grid, shown_px }: Props) => {
  const canvas = useRef<HTMLCanvasElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  const { width } = useBox(holder);
  const colours = useColours();
  // Drawn once: what changes with every scrolled frame is the mark of what is in sight.
  const picture = useMemo(() => {
    const drawn = document.createElement('canvas');
    const context = width > 0 ? contextOf(drawn, width, high_px) : null;
    if (context) drawStrip(context, { rows, lanes, width, height: high_px, colours });
    return drawn;
  }, [rows, lanes, width, colours]);
  const draw = useCallback(
    (context: CanvasRenderingContext2D, scrolled_px: number) => {
      const [top, end] = [
        rows[Math.floor(scrolled_px / row_px)],
        rows[Math.min(rows.length - 1, Math.floor((scrolled_px + shown_px - 2 * row_px) / row_px))],
      ];
      const seen: [number, number] = [top ? barOf(top, lanes)[0] : 0, end ? barOf(end, lanes)[1] : 1];
      context.clearRect(0, 0, width, high_px);
      context.drawImage(picture, 0, 0, width, high_px);
      drawSeen(context, seen, { width, height: high_px, colours });
    },
    [picture, rows, lanes, shown_px, width, colours],
  );
  useDrawing(canvas, { width, height: high_px }, grid, draw);
  const go = (event: MouseEvent) => {
    const share = event.nativeEvent.offsetX / width;
    const at = rows.findIndex((row) => barOf(row, lanes)[1] >= share);
    if (grid.current) grid.current.scrollTop = (at < 0 ? rows.length : at) * row_px - grid.current.clientHeight / 2;
  };
  return (
    <div ref={holder} className={styles.strip} hidden={rows.length < worth_it} aria-hidden="true">
      <canvas ref={canvas} style={{ width, height: high_px }} onClick={go} />
    </div>
  );
});
