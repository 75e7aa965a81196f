import type { Answer } from '../api.ts';
import { Money } from '../ui/Amount.tsx';

/** What is in flight of one run, or of several. */
export type InFlight = Answer<'getInFlight'>;

export const callsText = (count: number): string => `${count} ${count === 1 ? 'call' : 'calls'}`;

/** What cutting the calls in flight may cost: they may be billed in full though nobody gets their answers. */
export function AtRisk({ of: { calls, at_most_usd, unpriced_calls } }: { of: InFlight }) {
  if (calls === 0) return <>No call is in flight: nothing is at risk.</>;
  const is_any_priced = calls > unpriced_calls;
  return (
    <>
      {callsText(calls)} in flight {calls === 1 ? 'is' : 'are'} cut on every process; the provider may still bill{' '}
      {calls === 1 ? 'it' : 'them'}:{' '}
      {is_any_priced && (
        <>
          at most{' '}
          <strong>
            <Money usd={at_most_usd} />
          </strong>
        </>
      )}
      {unpriced_calls > 0 &&
        `${is_any_priced ? ', and ' : ''}what ${callsText(unpriced_calls)} of unknown price ${unpriced_calls === 1 ? 'costs' : 'cost'}`}
      .
    </>
  );
}
