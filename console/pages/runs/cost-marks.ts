/** Where the texts over the scale of cost stand, so that none covers another. Pure: sizes come from the caller. */
import { moneyText } from '../../ui/format.ts';
import { type CostLine, usdOf } from './timeline-layout.ts';

export interface CostMark {
  key: string;
  text: string;
  /** Absent: the text says all. */
  title?: string;
  is_limit: boolean;
  from_px: number;
  width_px: number;
}

/** As wide as a letter of the scale is at most, and the space around a text with `+2` after it. */
const letter_px = 7;
const around_px = 24;
/** No limit takes more of the width than this. */
const widest = 0.6;
const tick_shares = [0, 0.25, 0.5, 0.75];

/** The limits that the scale reaches, each beside its line, and round shares of its end where there is room. */
export function costMarks(lines: readonly CostLine[], end: number, width: number): CostMark[] {
  const limits: (CostMark & { more: string[] })[] = [];
  for (const line of lines.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)) {
    const text = line.at <= 0 ? `${line.name} already over` : `${line.name} ${moneyText(usdOf(line.at))}`;
    const title = line.at <= 0 ? `${line.name}: over before this run began` : `${line.name}: this run reaches it here`;
    const mark = limitMark({ key: line.control_id, text, title, is_limit: true }, line.at / end, width);
    // Limits at one place are one text: the first, with how many more there are, and all of them on hover.
    const under = limits.find((other) => touch(other, mark));
    if (under) under.more.push(text);
    else limits.push({ ...mark, more: [] });
  }
  const kept: CostMark[] = limits.map(({ more, ...mark }) =>
    more.length === 0
      ? mark
      : { ...mark, text: `${mark.text} +${more.length}`, title: [mark.title, ...more].join('\n') },
  );
  for (const share of tick_shares) {
    const text = moneyText(usdOf(Math.round(end * share)));
    const mark = { key: `${share}`, text, is_limit: false, from_px: share * width, width_px: sizeOf(text) };
    if (kept.every((other) => !touch(other, mark))) kept.push(mark);
  }
  return width > 0 ? kept : [];
}

const sizeOf = (text: string): number => text.length * letter_px + around_px;

const touch = (a: CostMark, b: CostMark): boolean =>
  a.from_px < b.from_px + b.width_px && b.from_px < a.from_px + a.width_px;

/** Before its line where there is room, else after it, else on the wider side and cut. */
function limitMark(of: Omit<CostMark, 'from_px' | 'width_px'>, share: number, width: number): CostMark {
  const at_px = Math.min(1, Math.max(0, share)) * width;
  const wanted_px = Math.min(sizeOf(of.text), widest * width);
  const is_before = at_px >= wanted_px || at_px > width - at_px;
  const width_px = Math.min(wanted_px, is_before ? at_px : width - at_px);
  return { ...of, from_px: is_before ? at_px - width_px : at_px, width_px };
}
