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
  const inspected: Inspected[] = [];
  // Rules look at what models are asked; a step that asks none has nothing for them.
  if (call.kind === 'step') return inspected;
  for (const of of matched) {
    const { rule } = of.control;
    if (rule) inspected.push({ matched: of, finding: findingOf(rule, call) });
  }
  return inspected;
}

function findingOf(rule: NonNullable<Matched['control']['rule']>, call: Call): Finding {
  const detector = present(detectors.get(rule.type), `detector ${rule.type}`);
  try {
    return detector.detect(rule, call);
  } catch (error) {
    return { not_evaluated: true, reason: `the check failed: ${(error as Error).message}` };
  }
}
