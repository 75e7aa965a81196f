import type { Call } from '../activity/call.ts';
import { present } from '../base/assert.ts';
import type { Finding } from './detectors/define.ts';
import { detectors } from './detectors/index.ts';
import type { Matched } from './resolve.ts';

export interface Inspected {
  matched: Matched;
  finding: Finding;
}

/** What the rules that apply say about a call. A detector that failed is a finding of its own, never a pass. */
export function inspect(matched: readonly Matched[], call: Call): Inspected[] {
  return matched.flatMap((of) => {
    const { rule } = of.control;
    // Rules look at what models are asked; a step that asks none has nothing for them.
    if (!rule || call.kind === 'step') return [];
    const detector = present(detectors.get(rule.type), `detector ${rule.type}`);
    try {
      return { matched: of, finding: detector.detect(rule, call) };
    } catch (error) {
      return { matched: of, finding: { not_evaluated: true, reason: `the check failed: ${(error as Error).message}` } };
    }
  });
}
