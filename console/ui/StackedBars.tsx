import { memo, type PointerEvent, useId, useRef, useState } from 'react';
import { Glyph, type GlyphName } from './Glyph.tsx';
import styles from './StackedBars.module.css';

export interface Part {
  name: string;
  /** A colour of the theme. */
  colour: string;
  /** `hatched`: what would have been; `hollow`: the lesser of two of one colour. */
  look?: 'hatched' | 'hollow';
  /** What stands before its name. */
  glyph?: GlyphName;
}

interface Columns {
  parts: readonly Part[];
  /** When each column begins, in milliseconds since 1970; all are as wide. */
  starts: readonly number[];
  /** By column, the amount of each part. */
  amounts: readonly (readonly number[])[];
  height: number;
  /** What one column says. */
  tell: (column: number) => string;
}

interface BarsProps extends Columns {
  id: string;
}

interface Props extends Columns {
  width_ms: number;
  /** All of it in one sentence. */
  summary: string;
  /** A stretch of time was marked; absent: nothing can be marked. */
  onMark?: (from_ms: number, to_ms: number) => void;
}

/** Columns over time, one part on another. The summary says it to those who do not see it. */
export function StackedBars({ parts, starts, amounts, width_ms, height, summary, tell, onMark }: Props) {
  // A place, and no name of a part, which may have blanks: an address without quotes ends at one.
  const id = useId().replace(/\W/g, '_');
  const svg = useRef<SVGSVGElement>(null);
  const [marked, setMarked] = useState<[from: number, to: number] | null>(null);
  const count = starts.length;
  const columnAt = (event: PointerEvent) => {
    const box = svg.current?.getBoundingClientRect();
    const share = box ? (event.clientX - box.left) / box.width : 0;
    return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
  };
  const end = () => {
    if (marked && onMark) {
      const [from, to] = [Math.min(...marked), Math.max(...marked)];
      onMark(starts[from] ?? 0, (starts[to] ?? 0) + width_ms);
    }
    setMarked(null);
  };
  const marking = onMark && {
    onPointerDown: (event: PointerEvent) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      setMarked([columnAt(event), columnAt(event)]);
    },
    onPointerMove: (event: PointerEvent) => setMarked((now) => now && [now[0], columnAt(event)]),
    onPointerUp: end,
    onPointerCancel: () => setMarked(null),
  };
  return (
    <svg
      ref={svg}
      className={`${styles.bars} ${onMark ? styles.marking : ''}`}
      role="img"
      aria-label={summary}
      viewBox={`0 0 ${count} ${height}`}
      preserveAspectRatio="none"
      style={{ height }}
      {...marking}
    >
      <defs>
        {parts.map(
          ({ name, colour, look }, nth) =>
            look === 'hatched' && (
              <pattern key={name} id={`${id}-${nth}`} width="0.12" height="4" patternUnits="userSpaceOnUse">
                <rect width="0.12" height="2" fill={`var(--${colour})`} />
              </pattern>
            ),
        )}
      </defs>
      <Bars id={id} parts={parts} starts={starts} amounts={amounts} height={height} tell={tell} />
      {marked && (
        <rect
          className={styles.mark}
          x={Math.min(...marked)}
          y={0}
          width={Math.abs(marked[1] - marked[0]) + 1}
          height={height}
        />
      )}
    </svg>
  );
}

/** Hundreds of shapes: made again when there is something else to see. */
const Bars = memo(({ id, parts, starts, amounts, height, tell }: BarsProps) => {
  const most = Math.max(1, ...amounts.map((column) => column.reduce((sum, amount) => sum + amount, 0)));
  return amounts.map((column, at) => {
    let below = 0;
    return (
      <g key={starts[at]} className={styles.column}>
        <rect x={at} y={0} width={1} height={height} fill="transparent" />
        {column.map((amount, nth) => {
          const part = parts[nth];
          if (!part || amount === 0) return null;
          const size = Math.max(1.5, (amount / most) * (height - 2));
          below += size;
          const colour = `var(--${part.colour})`;
          return (
            <rect
              key={part.name}
              x={at + 0.1}
              y={height - below}
              width={0.8}
              height={size}
              fill={part.look === 'hatched' ? `url(#${id}-${nth})` : colour}
              {...(part.look === 'hollow' && { stroke: colour, className: styles.hollow })}
            />
          );
        })}
        <title>{tell(at)}</title>
      </g>
    );
  });
});

/** The parts with their colours and their sums, in words. */
export function Legend({ of }: { of: readonly (Part & { sum: string })[] }) {
  return (
    <ul className={styles.legend}>
      {of.map(({ name, colour, look, glyph, sum }) => (
        <li key={name}>
          <span
            className={`${styles.sample} ${look ? styles[look] : ''}`}
            style={{ color: `var(--${colour})` }}
            aria-hidden="true"
          />
          {glyph && <Glyph name={glyph} size={10} />}
          {name} <span className="quiet">{sum}</span>
        </li>
      ))}
    </ul>
  );
}
