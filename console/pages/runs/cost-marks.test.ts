import { describe, expect, test } from 'vitest';
import { type CostMark, costMarks } from './cost-marks.ts';
import { nanoOf } from './timeline-layout.ts';

const line = (name: string, usd: string) => ({ name, control_id: `ctl_${name}`, at: nanoOf(usd) });
const end = nanoOf('1');
const textsOf = (marks: readonly CostMark[]) => marks.map(({ text }) => text);

describe('marks of the scale of cost', () => {
  test('a limit that was over before the run began says so, in no amount, and at the begin of the scale', () => {
    const [mark] = costMarks([line('cap', '-0.25')], end, 600);
    expect(mark).toMatchObject({ text: 'cap already over', from_px: 0 });
  });

  test('none covers another, wherever the limits are', () => {
    for (let at = -1; at <= 20; at++)
      for (let other = -1; other <= 20; other++) {
        const lines = [line('Daily limit of the team', `${at / 20}`), line('cap', `${other / 20}`)];
        const marks = costMarks(lines, end, 500).sort((a, b) => a.from_px - b.from_px);
        for (const [n, mark] of marks.slice(1).entries()) {
          const before = marks[n] as CostMark;
          expect(before.from_px + before.width_px).toBeLessThanOrEqual(mark.from_px);
        }
        expect(Math.max(...marks.map(({ from_px, width_px }) => from_px + width_px))).toBeLessThanOrEqual(500);
      }
  });

  test('limits at one place share a text that tells of both', () => {
    const marks = costMarks([line('cap', '0.5'), line('day', '0.5')], end, 600);
    expect(textsOf(marks).filter((text) => !text.startsWith('$'))).toEqual(['cap $0.50 +1']);
    expect(marks[0]?.title).toContain('day $0.50');
  });

  test('amounts stand where no limit does', () =>
    expect(textsOf(costMarks([line('cap', '0.25')], end, 600))).toEqual([
      'cap $0.25',
      '$0.00',
      '$0.25',
      '$0.50',
      '$0.75',
    ]));

  test('a limit beyond the scale is not shown', () =>
    expect(textsOf(costMarks([line('cap', '2')], end, 600))).not.toContain('cap $2.00'));
});
