import { spanText } from '../activity/signals/define.ts';
import type { PolicyFinding } from './beside.ts';
import type { Control } from './control.ts';
import type { PolicyDocument } from './policy.ts';
import { windowText } from './sentence.ts';

/** Lengths of calendar windows that a run may outlast; none lasts for weeks. */
const lengths_ms: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** How fast something may go, and how long: a window of these is meant to be shorter than a run. */
const rates = new Set(['requests', 'burn_rate', 'concurrency', 'duration']);

function lengthOf({ limit }: Control): number | null {
  if (!limit?.window || rates.has(limit.type)) return null;
  const { window } = limit;
  return 'rolling_seconds' in window ? window.rolling_seconds * 1_000 : (lengths_ms[window.per] ?? null);
}

/** Whether runs may outlast a window in which an amount is counted, so it is worth to know how long they are. */
export const hasShortWindow = ({ controls }: PolicyDocument): boolean => controls.some((of) => lengthOf(of) !== null);

/** Amounts that a typical run has more than once, because it outlasts the window they are counted in. */
export function shortWindows({ controls }: PolicyDocument, typical_run_ms: number | null): PolicyFinding[] {
  return controls.flatMap((control, n): PolicyFinding[] => {
    const length = lengthOf(control);
    if (length === null || typical_run_ms === null || typical_run_ms <= length) return [];
    const path = `controls[${n}]`;
    const window = windowText(control.limit?.window).trim();
    const message = `${path}: a typical run of this target lasts ${spanText(typical_run_ms)} and what is counted ${window} begins anew meanwhile`;
    return [{ level: 'warning', path: `${path}.limit.window`, message }];
  });
}
