import { type MouseEvent, useEffect, useRef, useState } from 'react';
import type { Answer } from '../api.ts';
import { amountText, relativeText } from '../ui/format.ts';
import { useNow } from '../ui/Time.tsx';
import styles from './BurnDown.module.css';
import { burnShape, type XY } from './burn-down.ts';
import type { Gauge } from './gauge.ts';

interface Props {
  history: Answer<'getLimitHistory'>;
  gauge: Gauge;
  tiers: readonly number[];
  tone: 'info' | 'warn' | 'crit' | 'shadow';
}

const tall = 220;
const pad = { left: 56, right: 44, top: 10, bottom: 22 };
const colours = { info: 'var(--info)', warn: 'var(--warn)', crit: 'var(--crit)', shadow: 'var(--shadow)' };

/** What is left of a limit over its period: ideal, actual, what may come, where warnings stand, and now. */
export function BurnDown({ history, gauge, tiers, tone }: Props) {
  const now_ms = useNow();
  const [frame, wide] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const cap = Number(gauge.cap);
  const start_ms = Date.parse(history.window.start ?? history.points[0]?.at ?? history.generated_at);
  const end_ms = history.window.end === null ? null : Date.parse(history.window.end);
  const burn = gauge.burn === null ? null : Number(gauge.burn);
  const shape = burnShape({ cap, points: history.points, start_ms, end_ms, now_ms, burn });
  const x = (ms: number) =>
    pad.left + ((ms - shape.from_ms) / Math.max(1, shape.to_ms - shape.from_ms)) * (wide - pad.left - pad.right);
  const y = (left: number) => pad.top + (1 - left / Math.max(cap, 1e-9)) * (tall - pad.top - pad.bottom);
  const path = (of: readonly XY[]) =>
    of.map((p, n) => `${n === 0 ? 'M' : 'L'}${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`).join('');
  const colour = colours[tone];
  const onMove = (event: MouseEvent<SVGSVGElement>) => {
    const place = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const nearest = shape.actual.reduce(
      (best, p, n) => (Math.abs(x(p.x) - place) < Math.abs(x(shape.actual[best]?.x ?? 0) - place) ? n : best),
      0,
    );
    setAt(nearest);
  };
  const point = at === null ? undefined : shape.actual[at];
  const said = at === null ? undefined : history.points[at];
  return (
    <div className={styles.frame} ref={frame}>
      <svg
        height={tall}
        role="img"
        aria-label={summaryOf(history, gauge, now_ms)}
        onMouseMove={onMove}
        onMouseLeave={() => setAt(null)}
      >
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line className={styles.grid} x1={pad.left} x2={wide - pad.right} y1={y(cap * share)} y2={y(cap * share)} />
            <text x={pad.left - 8} y={y(cap * share) + 4} textAnchor="end">
              {amountText(cap * share, gauge.unit)}
            </text>
          </g>
        ))}
        {tiers.map((tier) => (
          <g key={tier}>
            <line
              className={styles.tier}
              x1={pad.left}
              x2={wide - pad.right}
              y1={y(cap * (1 - tier / 100))}
              y2={y(cap * (1 - tier / 100))}
            />
            <text x={wide - pad.right + 6} y={y(cap * (1 - tier / 100)) + 4}>
              {tier} %
            </text>
          </g>
        ))}
        <path className={styles.ideal} d={path(shape.ideal)} />
        {shape.cone.length > 0 && <path className={styles.cone} d={`${path(shape.cone)}Z`} fill={colour} />}
        <path className={styles.forecast} d={path(shape.forecast)} stroke={colour} />
        <path className={styles.actual} d={path(shape.actual)} stroke={colour} />
        {end_ms !== null && (
          <g>
            <line className={styles.now} x1={x(now_ms)} x2={x(now_ms)} y1={pad.top} y2={tall - pad.bottom} />
            <text x={x(now_ms)} y={tall - 6} textAnchor="middle">
              now
            </text>
          </g>
        )}
        <Ends from_ms={shape.from_ms} to_ms={shape.to_ms} now_x={end_ms === null ? null : x(now_ms)} wide={wide} />
        {point && <circle cx={x(point.x)} cy={y(point.y)} r={4} fill={colour} stroke="var(--bg)" strokeWidth={2} />}
      </svg>
      <Legend colour={colour} calendar={end_ms !== null} tiers={tiers.length > 0} />
      <span className="quiet" aria-live="off" style={{ minHeight: 20 }}>
        {said
          ? `${said.at.slice(0, 16).replace('T', ' ')} UTC: ${amountText(said.used, gauge.unit)} used of ${amountText(gauge.cap, gauge.unit)}`
          : summaryOf(history, gauge, now_ms)}
      </span>
      <AsTable history={history} gauge={gauge} />
    </div>
  );
}

interface EndsProps {
  from_ms: number;
  to_ms: number;
  /** Null: now is the right end. */
  now_x: number | null;
  wide: number;
}

const clear_px = 124;

/** When the period begins and ends; one that would touch "now" is left out. */
function Ends({ from_ms, to_ms, now_x, wide }: EndsProps) {
  const text = (ms: number) => new Date(ms).toISOString().slice(5, 16).replace('T', ' ');
  const right = wide - pad.right;
  return (
    <>
      {(now_x === null || now_x - pad.left > clear_px) && (
        <text x={pad.left} y={tall - 6}>
          {text(from_ms)}
        </text>
      )}
      {(now_x === null || right - now_x > clear_px) && (
        <text x={right} y={tall - 6} textAnchor="end">
          {now_x === null ? 'now' : `${text(to_ms)} UTC`}
        </text>
      )}
    </>
  );
}

function Legend({ colour, calendar, tiers }: { colour: string; calendar: boolean; tiers: boolean }) {
  const line = (style: string, stroke: string, dash?: string) => (
    <svg width={18} height={8} aria-hidden="true" style={{ width: 18 }}>
      <line
        x1={0}
        x2={18}
        y1={4}
        y2={4}
        stroke={stroke}
        strokeWidth={style === 'actual' ? 2 : 1.5}
        strokeDasharray={dash}
      />
    </svg>
  );
  return (
    <div className={styles.legend}>
      <span>{line('actual', colour)} left</span>
      {calendar && <span>{line('forecast', colour, '5 4')} at this pace; the fan reaches to the pace of late</span>}
      {calendar && <span>{line('ideal', 'var(--text-3)', '2 4')} spread evenly</span>}
      {tiers && <span>{line('tier', 'var(--warn)', '1 3')} warnings</span>}
    </div>
  );
}

function summaryOf(history: Props['history'], gauge: Gauge, now_ms: number): string {
  const left = `${amountText(gauge.remaining, gauge.unit)} of ${amountText(gauge.cap, gauge.unit)} left`;
  if (gauge.empties_at) return `${left}; at this pace nothing ${relativeText(Date.parse(gauge.empties_at), now_ms)}.`;
  if (history.window.end) return `${left}; it lasts to the end of the period at this pace.`;
  return `${left} in a window that moves with time.`;
}

function AsTable({ history, gauge }: Pick<Props, 'history' | 'gauge'>) {
  return (
    <details>
      <summary className="quiet">As a table</summary>
      <div className={styles.table}>
        <table>
          <thead>
            <tr>
              <th scope="col">At (UTC)</th>
              <th scope="col">Used</th>
            </tr>
          </thead>
          <tbody>
            {history.points.map((point) => (
              <tr key={point.at}>
                <td className="mono">{point.at}</td>
                <td>{amountText(point.used, gauge.unit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** The width of an element, also after the window has changed. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(640);
  useEffect(() => {
    if (!ref.current) return;
    const watch = new ResizeObserver(([entry]) => entry && setWide(Math.round(entry.contentRect.width)));
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [ref, wide] as const;
}
