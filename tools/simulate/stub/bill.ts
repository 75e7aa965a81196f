import type { JsonObject } from '@aos/core/base/json.ts';
import type { Counts, StubWire } from './wire.ts';

export interface BillLine extends Counts {
  /** Id of the answer as the client sees it. */
  id: string;
  model: string;
  wire: StubWire['name'];
  /** An answer under way stands as `cut` with what was delivered so far: what it would cost if it ended now. */
  outcome: 'complete' | 'cut' | 'error';
  /** The (final) usage went out to the client. */
  usage_sent: boolean;
  /** The usage of a complete answer in the form of its wire, cached parts and all. */
  usage?: JsonObject;
}

export interface Bill extends Counts {
  requests: number;
  by_model: Record<string, Counts & { requests: number }>;
  /** In order of arrival. */
  lines: BillLine[];
}

/** What the provider would charge for these lines. Lines are copied: a bill does not change after it was written. */
export function billOf(lines: readonly BillLine[]): Bill {
  const bill: Bill = { requests: 0, input_tokens: 0, output_tokens: 0, by_model: {}, lines: [] };
  for (const line of lines) {
    bill.by_model[line.model] ??= { requests: 0, input_tokens: 0, output_tokens: 0 };
    const model = bill.by_model[line.model] ?? bill;
    for (const sum of [bill, model]) {
      sum.requests += 1;
      sum.input_tokens += line.input_tokens;
      sum.output_tokens += line.output_tokens;
    }
    bill.lines.push({ ...line });
  }
  return bill;
}
