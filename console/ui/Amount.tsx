import { createElement, Fragment, type ReactNode } from 'react';
import { amountsIn, countText, dayText, exactText, instantsIn, instantText, moneyText, tokensText } from './format.ts';

/** Money as people read it; the exact amount on hover. Null is an unknown price. */
export function Money({ usd, compact = false }: { usd: string | null | undefined; compact?: boolean }) {
  if (usd === null || usd === undefined) return <span className="faint">price unknown</span>;
  return <span title={`$${usd}`}>{moneyText(usd, compact)}</span>;
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
