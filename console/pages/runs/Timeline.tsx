import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { Edge } from '../../ui/Edge.tsx';
import { useWindow } from '../../ui/window.ts';
import { drawLanes, type Lanes, row_px } from './lanes.ts';
import { Strip } from './Strip.tsx';
import type { ShownStep } from './step-words.ts';
import styles from './Timeline.module.css';
import { IdleLine, StepLine } from './TimelineRows.tsx';
import { TimelineScale } from './TimelineScale.tsx';
import { type Row, type Tick, ticksOf } from './timeline-layout.ts';
import { isOf } from './tries.ts';
import { useBox, useColours, useDrawing } from './use-canvas.ts';

interface Props {
  rows: readonly Row<ShownStep>[];
  lanes: Lanes;
  /** By row: the limits that it broke. */
  broken: ReadonlyMap<number, string>;
  chosen: string | null;
  /** The choice is the reader's, and not the page's own. */
  is_asked: boolean;
  onChoose: (step_id: string) => void;
  onIdle: () => void;
  /** The steps that hold others, and those of them whose parts are not shown. */
  holders: ReadonlySet<string>;
  folded: ReadonlySet<string>;
  onFold: (step_id: string) => void;
  /** New steps keep coming: they stay in sight while the end is. */
  is_open: boolean;
  found: ReadonlySet<string>;
  /** How wide somebody made the column of the steps; null: as wide as it is by itself. */
  step_px: number | null;
  onStepPx: (px: number | null) => void;
}

const page_rows = 15;

/** The steps of a run, one to a row, with their bars on lanes of time or of cost. */
export function Timeline(props: Props) {
  const { rows, lanes, broken, chosen, is_asked, onChoose, onIdle, is_open, found, holders, folded, onFold } = props;
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const lane = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useBox(lane);
  const frame = useBox(grid);
  const colours = useColours();
  const { first, last, most, onScroll } = useWindow(grid, row_px);
  const ticks = useMemo<Tick[]>(() => (lanes.by === 'time' ? ticksOf(lanes.scale) : []), [lanes]);
  const { width } = box;
  const height = Math.max(0, frame.height - row_px - 6);
  const draw = useMemo(() => {
    const upright = ticks.filter((tick) => tick.idle_ms === undefined).map((tick) => tick.at);
    return (context: CanvasRenderingContext2D, scrolled_px: number) =>
      drawLanes(context, { rows, lanes, grid: upright, width, height, scrolled_px, colours });
  }, [rows, lanes, ticks, width, height, colours]);
  useDrawing(canvas, { width, height }, grid, draw);
  const [dragged_px, setDragged] = useState<number | null>(null);
  const follow = useFollow(grid, rows.length, is_open && !is_asked);
  const at = useMemo(() => rows.findIndex((row) => isOf(row, chosen)), [rows, chosen]);
  useReveal(grid, at, is_asked || !is_open ? chosen : null, frame.height);

  const move = (to: number, by: 1 | -1) => {
    let next = Math.max(0, Math.min(rows.length - 1, to));
    if (rows[next]?.kind === 'idle') next += by;
    const row = rows[next];
    if (row?.kind === 'step') onChoose(row.step.id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== grid.current || event.metaKey || event.ctrlKey || event.altKey) return;
    if (chosen !== null && holders.has(chosen) && foldsBy(event.key, folded.has(chosen))) {
      event.preventDefault();
      return onFold(chosen);
    }
    const to = moveOf(event.key, at, rows);
    if (to === null) return;
    event.preventDefault();
    move(to, to > at ? 1 : -1);
  };

  return (
    <div className={styles.frame}>
      <Strip rows={rows} lanes={lanes} grid={grid} shown_px={frame.height} />
      <div className={styles.holder}>
        <div
          ref={grid}
          className={styles.grid}
          style={stepTrack(dragged_px ?? props.step_px)}
          role="treegrid"
          aria-label="Steps"
          aria-rowcount={rows.length + 1}
          aria-activedescendant={at < 0 ? undefined : `${id}-${at}`}
          tabIndex={0}
          onScroll={() => {
            onScroll();
            follow();
          }}
          onKeyDown={onKeyDown}
        >
          <div className={styles.head} role="row" aria-rowindex={1} tabIndex={-1}>
            <span role="columnheader" tabIndex={-1}>
              <span className="only-read">Decision</span>
            </span>
            <span role="columnheader" tabIndex={-1} className={styles.step}>
              step
              <Edge onDrag={setDragged} onWidth={props.onStepPx} />
            </span>
            <div ref={lane} role="columnheader" tabIndex={-1} className={styles.scale}>
              <TimelineScale lanes={lanes} ticks={ticks} width={width} />
            </div>
            <span role="columnheader" tabIndex={-1} className="number">
              tok
            </span>
            <span role="columnheader" tabIndex={-1} className="number">
              cost
            </span>
            <span role="columnheader" tabIndex={-1} className="number">
              Σ cost
            </span>
          </div>
          <div className={styles.body} role="rowgroup" style={{ height: rows.length * row_px }}>
            {rows.slice(first, last).map((row, offset) => {
              const place = { index: first + offset, id: `${id}-${first + offset}` };
              const line = place.index % most;
              return row.kind === 'idle' ? (
                <IdleLine key={line} row={row} {...place} onIdle={onIdle} />
              ) : (
                <StepLine
                  key={line}
                  row={row}
                  {...place}
                  lanes={lanes}
                  is_chosen={place.index === at}
                  is_found={(row.tries ?? [row]).some(({ step }) => found.has(step.id))}
                  broken={broken.get(place.index)}
                  is_folded={holders.has(row.step.id) ? folded.has(row.step.id) : null}
                  onFold={onFold}
                  onChoose={onChoose}
                />
              );
            })}
          </div>
        </div>
        <canvas ref={canvas} className={styles.canvas} style={{ left: box.left, width, height }} aria-hidden />
      </div>
    </div>
  );
}

/** The lanes keep their least width: the column gets what it was given as far as there is room. */
const stepTrack = (px: number | null) =>
  px === null ? undefined : ({ '--step': `minmax(${Math.min(px, 130)}px, ${px}px)` } as Record<string, string>);

/** Right opens what is folded, left folds what is open. */
const foldsBy = (key: string, is_folded: boolean): boolean => key === (is_folded ? 'ArrowRight' : 'ArrowLeft');

/** Where a key leads: up and down, and with left to the parent. */
function moveOf(key: string, at: number, rows: readonly Row<ShownStep>[]): number | null {
  const steps: Record<string, number> = {
    j: at + 1,
    ArrowDown: at + 1,
    k: Math.max(0, at - 1),
    ArrowUp: Math.max(0, at - 1),
    PageDown: at + page_rows,
    PageUp: at - page_rows,
    Home: 0,
    End: rows.length - 1,
  };
  const row = rows[at];
  if (key === 'ArrowLeft' && row?.kind === 'step' && row.step.parent_step_id !== null) {
    const parent = rows.findIndex((one) => one.kind === 'step' && one.step.id === row.step.parent_step_id);
    return parent < 0 ? null : parent;
  }
  return steps[key] ?? null;
}

/** Keeps the end in sight while it is in sight and more comes. */
function useFollow(grid: React.RefObject<HTMLDivElement | null>, count: number, wanted: boolean): () => void {
  const at_end = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each further row is what is followed
  useEffect(() => {
    if (wanted && at_end.current && grid.current) grid.current.scrollTop = grid.current.scrollHeight;
  }, [grid, count, wanted]);
  return () => {
    const of = grid.current;
    if (of) at_end.current = of.scrollTop + of.clientHeight >= of.scrollHeight - row_px;
  };
}

/**
 * Brings the chosen row into sight, under the head, when another one is chosen; the first one also when the page around
 * it has taken its room.
 */
function useReveal(
  grid: React.RefObject<HTMLDivElement | null>,
  at: number,
  chosen: string | null,
  high: number,
): void {
  const known = useRef<string | null>(null);
  const first = useRef<string | null>(null);
  useEffect(() => {
    const of = grid.current;
    if (at < 0 || high === 0 || !of) return;
    first.current ??= chosen;
    if (known.current === chosen && first.current !== chosen) return;
    known.current = chosen;
    const top = at * row_px;
    const room = high - 3 * row_px;
    if (top < of.scrollTop) of.scrollTop = top;
    else if (top > of.scrollTop + room) of.scrollTop = first.current === chosen ? top - room / 2 : top - room;
  }, [grid, at, chosen, high]);
}
