import { durationText } from '../../ui/format.ts';
import { costMarks } from './cost-marks.ts';
import type { Lanes } from './lanes.ts';
import styles from './Timeline.module.css';
import type { Tick } from './timeline-layout.ts';

interface Props {
  lanes: Lanes;
  ticks: readonly Tick[];
  /** Of the lanes, in pixels: marks that would touch are left out. */
  width: number;
}

const apart_px = 58;

function apart<Mark extends { at: number }>(marks: readonly Mark[], width: number): Mark[] {
  const kept: Mark[] = [];
  for (const mark of marks) if ((mark.at - (kept.at(-1)?.at ?? -1)) * width >= apart_px) kept.push(mark);
  return kept;
}

/** What stands over the lanes: round times with the idle stretches between them, or amounts with the limits. */
export function TimelineScale({ lanes, ticks, width }: Props) {
  if (lanes.by === 'time')
    return apart(ticks, width).map((tick) => (
      <Label key={`${tick.at}`} at={tick.at} quiet={tick.idle_ms !== undefined}>
        {tick.idle_ms === undefined ? roundTime(tick.ms) : `// ${durationText(tick.idle_ms)}`}
      </Label>
    ));
  return costMarks(lanes.lines, lanes.end, width).map(({ key, text, title, is_limit, from_px, width_px }) =>
    is_limit ? (
      <span key={key} className={styles.limit} style={{ left: from_px, width: width_px }} title={title}>
        {text}
      </span>
    ) : (
      <Label key={key} at={from_px / width}>
        {text}
      </Label>
    ),
  );
}

function Label({ at, quiet = false, children }: { at: number; quiet?: boolean; children: React.ReactNode }) {
  const place = at > 0.93 ? { right: 0 } : { left: `${at * 100}%` };
  return (
    <span className={`${styles.tick} ${quiet ? 'faint' : ''}`} style={place}>
      {children}
    </span>
  );
}

/** `0 s`, `30 s`, `2 m`: as short as a mark of a scale is. */
function roundTime(ms: number): string {
  if (ms < 1_000) return `${ms} ms`.replace(/^0 ms$/, '0 s');
  if (ms < 60_000) return `${ms / 1_000} s`;
  if (ms < 3_600_000) return ms % 60_000 === 0 ? `${ms / 60_000} m` : durationText(ms);
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : durationText(ms);
}
