import { hasFailed, markOf, type ShownStep } from './step-words.ts';
import { type CostLine, costEnd, type Row, type Scale } from './timeline-layout.ts';

export const row_px = 26;

/** Where things stand on the lanes, as shares of their width: by time, or by what the run had cost. */
export type Lanes = { by: 'time'; scale: Scale } | { by: 'cost'; end: number; lines: readonly CostLine[] };

export const costLanes = (rows: readonly Row<ShownStep>[], lines: readonly CostLine[]): Lanes => ({
  by: 'cost',
  end: costEnd(rows, lines),
  lines,
});

/** Where the bar of a row begins and ends. */
export function barOf(row: Row<ShownStep>, lanes: Lanes): [from: number, to: number] {
  if (lanes.by === 'time') return [lanes.scale.at(row.from_ms), lanes.scale.at(row.to_ms)];
  return [(row.kind === 'idle' ? row.after : row.before) / lanes.end, row.after / lanes.end];
}

export type Colours = Readonly<Record<string, string>>;

const names = ['llm', 'tool', 'retrieval', 'query', 'transform', 'wait', 'crit', 'warn', 'shadow', 'hairline'] as const;
const more = ['text', 'text-3', 'surface', 'accent'] as const;

/** The colours of the theme, for what is not drawn by style sheets. */
export function coloursNow(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries([...names, ...more].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** A canvas as sharp as the screen; null where there is none. */
export function contextOf(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const dots = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * dots), Math.round(height * dots)];
  // Setting a size, the same one too, gives a canvas new memory.
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const context = canvas.getContext('2d');
  context?.setTransform(dots, 0, 0, dots, 0, 0);
  return context;
}

export interface Drawing {
  rows: readonly Row<ShownStep>[];
  lanes: Lanes;
  /** Shares where lines go down through all lanes. */
  grid: readonly number[];
  width: number;
  height: number;
  scrolled_px: number;
  colours: Colours;
}

/** Draws the lanes that are in sight. */
export function drawLanes(context: CanvasRenderingContext2D, of: Drawing): void {
  const { rows, lanes, grid, width, height, scrolled_px, colours } = of;
  const first = Math.max(0, Math.floor(scrolled_px / row_px));
  const last = Math.min(rows.length, Math.ceil((scrolled_px + height) / row_px) + 1);
  const down = Math.min(height, rows.length * row_px - scrolled_px);
  context.clearRect(0, 0, width, height);
  context.fillStyle = colours.hairline ?? '';
  for (const place of grid) context.fillRect(Math.round(place * (width - 1)), 0, 1, down);
  if (lanes.by === 'time') drawIdle(context, lanes.scale, width, down, colours);
  for (let at = first; at < last; at++) {
    const row = rows[at];
    if (row) drawBar(context, row, barOf(row, lanes), at * row_px - scrolled_px, of);
  }
  if (lanes.by === 'cost') drawCosts(context, of, lanes, first, last);
}

function drawIdle(context: CanvasRenderingContext2D, { segments }: Scale, width: number, down: number, of: Colours) {
  context.fillStyle = of.surface ?? '';
  for (const { idle, at, until } of segments)
    if (idle) context.fillRect(at * width, 0, Math.max(2, (until - at) * width), down);
}

const least_px = 3;

function drawBar(
  context: CanvasRenderingContext2D,
  row: Row<ShownStep>,
  [from, to]: [number, number],
  top: number,
  { width, colours, lanes }: Pick<Drawing, 'width' | 'colours' | 'lanes'>,
): void {
  const left = Math.min(from * width, width - least_px);
  const size = Math.max(least_px, (to - from) * width);
  if (row.kind === 'idle') {
    if (lanes.by === 'time') dash(context, left, top + row_px / 2, size, colours.wait ?? '');
    return;
  }
  if (row.tries) {
    dash(context, left, top + row_px / 2, size, colours.wait ?? '');
    for (const one of row.tries) drawBar(context, one, barOf(one, lanes), top, { width, colours, lanes });
    return;
  }
  const { step } = row;
  const stopped = step.status === 'blocked' || step.status === 'cut';
  if (lanes.by === 'cost' && row.after === row.before && !stopped) return;
  context.fillStyle = colours[stopped ? 'crit' : step.kind] ?? '';
  context.beginPath();
  context.roundRect(left, top + 7, size, 12, 2);
  context.fill();
  if (hasFailed(step) && !stopped) {
    context.fillStyle = colours.crit ?? '';
    context.fillRect(left + size - Math.min(3, size), top + 7, Math.min(3, size), 12);
  }
}

function dash(context: CanvasRenderingContext2D, left: number, middle: number, size: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(left, middle);
  context.lineTo(left + size, middle);
  context.stroke();
  context.setLineDash([]);
}

/** What the run had cost so far, down from step to step, and the limits it runs against. */
function drawCosts(
  context: CanvasRenderingContext2D,
  { rows, width, height, scrolled_px, colours }: Drawing,
  { end, lines }: Extract<Lanes, { by: 'cost' }>,
  first: number,
  last: number,
): void {
  context.lineWidth = 1;
  context.strokeStyle = colours['text-3'] ?? '';
  context.beginPath();
  for (let at = Math.max(0, first - 1); at < last - 1; at++) {
    const [x, top] = [((rows[at]?.after ?? 0) / end) * width - 0.5, at * row_px - scrolled_px];
    context.moveTo(x, top + row_px / 2);
    context.lineTo(x, top + row_px * 1.5);
  }
  context.stroke();
  context.strokeStyle = colours.crit ?? '';
  context.setLineDash([4, 3]);
  for (const line of lines) {
    if (line.at > end) continue;
    const x = Math.round((Math.max(0, line.at) / end) * width) + 0.5;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, Math.min(height, rows.length * row_px - scrolled_px));
    context.stroke();
  }
  context.setLineDash([]);
}

/** The whole run in one strip: every step a sliver, every decision a mark as high as the strip. */
export function drawStrip(context: CanvasRenderingContext2D, of: Omit<Drawing, 'grid' | 'scrolled_px'>): void {
  const { rows, lanes, width, height, colours } = of;
  context.clearRect(0, 0, width, height);
  context.fillStyle = colours.surface ?? '';
  context.fillRect(0, 0, width, height);
  for (const row of rows) {
    if (row.kind === 'idle') continue;
    const [left, right] = barOf(row, lanes);
    context.fillStyle = colours[row.step.kind] ?? '';
    context.fillRect(left * width, 4 + (row.depth % 4) * 4, Math.max(1, (right - left) * width), 3);
  }
  for (const row of rows) {
    const mark = row.kind === 'step' ? markOf(row.step) : null;
    if (!mark) continue;
    context.fillStyle = colours[mark.tone] ?? '';
    context.fillRect(barOf(row, lanes)[0] * width, 0, 2, height);
  }
}

/** What of the strip is in sight below it. */
export function drawSeen(
  context: CanvasRenderingContext2D,
  [from, to]: [number, number],
  { width, height, colours }: Pick<Drawing, 'width' | 'height' | 'colours'>,
): void {
  context.strokeStyle = colours.accent ?? '';
  context.lineWidth = 1;
  context.strokeRect(from * width + 0.5, 0.5, Math.max(4, (to - from) * width) - 1, height - 1);
}
