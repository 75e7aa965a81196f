import { createElement, Fragment, type ReactNode } from 'react';
import { amountsIn, countText, dayText, exactText, instantsIn, instantText, moneyText, tokensText } from './format.ts';

/** Money as people read it; the exact amount on hover. Null is an unknown price. */
export function Money({ usd, compact = false }: { usd: string | null | undefined; compact?: boolean }) {
  if (usd === null || usd === undefined) return <span className="faint">price unknown</span>;
  return <span title={`$${usd}`}>{moneyText(usd, compact)}</span>;
}

/** What is known of an amount of which a part is not: at least so much, and never $0. */
export function KnownMoney({ usd, unpriced }: { usd: string; unpriced: number }) {
  if (unpriced === 0) return <Money usd={usd} />;
  const of = `${exactText(unpriced)} ${unpriced === 1 ? 'call' : 'calls'} of unknown price`;
  if (Number(usd) === 0) return <span title={of}>price unknown</span>;
  return <span title={`$${usd}, and ${of}`}>≥&nbsp;{moneyText(usd)}</span>;
}

/** A sentence of the API with its money and its instants as people read them. */
export const Said = ({ text }: { text: string }) =>
  createElement(
    Fragment,
    null,
    ...amountsIn(text).flatMap<ReactNode>((part) =>
      typeof part === 'string' ? instantsIn(part).map(instantOf) : createElement(Money, part),
    ),
  );

const instantOf = (part: string | { at: string }) =>
  typeof part === 'string'
    ? part
    : createElement(
        'time',
        { dateTime: part.at, title: instantText(Date.parse(part.at)) },
        `${dayText(Date.parse(part.at))} UTC`,
      );

export function Count({ value, of = 'count' }: { value: number; of?: 'count' | 'tokens' }) {
  return <span title={exactText(value)}>{of === 'tokens' ? tokensText(value) : countText(value)}</span>;
}
