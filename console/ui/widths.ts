import { useCallback, useRef, useState } from 'react';

export interface Titled {
  id: string;
  title: string;
  /** A track of a CSS grid: `120px`, `minmax(160px, 1fr)`. */
  width: string;
  /** Not there until somebody chooses it: the list is then so much wider. */
  spare?: boolean;
}

/** Widths that somebody gave columns, in pixels; the others are as the list has them. */
export type Widths = Readonly<Record<string, number>>;

export const own_widths: Widths = {};
/** Between two columns. */
const gap_px = 12;
export const least_width_px = 40;
export const most_width_px = 1_200;

export const widthWithin = (px: number): number => Math.round(Math.max(least_width_px, Math.min(most_width_px, px)));

/** What a track takes at least, in pixels. */
const leastOf = (track: string): number => Number(/\d+/.exec(track)?.[0] ?? 0);

/** The tracks of the columns, and by how much they are wider than the list is made for. */
function tracksOf(columns: readonly Titled[], widths: Widths): { tracks: string[]; wider_px: number } {
  const tracks = columns.map(({ id, width }) => (widths[id] === undefined ? width : `${widths[id]}px`));
  const wider_px = columns.reduce((sum, { id, width, spare }) => {
    const least = leastOf(width);
    return sum + Math.max(0, (widths[id] ?? 0) - least) + (spare ? least + gap_px : 0);
  }, 0);
  return { tracks, wider_px };
}

type OnWidth = ((id: string, px: number | null) => void) | undefined;

/** The tracks as they are and while an edge is dragged; what takes a width stays the same, so titles are made once. */
export function useWidths(columns: readonly Titled[], widths = own_widths, onWidth: OnWidth) {
  const [dragged, setDragged] = useState(own_widths);
  const latest = useRef(onWidth);
  latest.current = onWidth;
  const drag = useCallback((id: string, px: number | null) => setDragged(px === null ? own_widths : { [id]: px }), []);
  const widen = useCallback((id: string, px: number | null) => latest.current?.(id, px), []);
  return { ...tracksOf(columns, { ...widths, ...dragged }), drag, widen: onWidth && widen };
}
