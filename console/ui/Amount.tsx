import { createElement, Fragment } from 'react';
import { amountsIn, countText, exactText, moneyText, tokensText } from './format.ts';

/** Money as people read it; the exact amount on hover. Null is an unknown price. */
export function Money({ usd, compact = false }: { usd: string | null | undefined; compact?: boolean }) {
  if (usd === null || usd === undefined) return <span className="faint">price unknown</span>;
  return <span title={`$${usd}`}>{moneyText(usd, compact)}</span>;
}

/** A sentence of the API with its money as people read it. */
export const Said = ({ text }: { text: string }) =>
  createElement(
    Fragment,
    null,
    ...amountsIn(text).map((part) => (typeof part === 'string' ? part : createElement(Money, part))),
  );

export function Count({ value, of = 'count' }: { value: number; of?: 'count' | 'tokens' }) {
  return <span title={exactText(value)}>{of === 'tokens' ? tokensText(value) : countText(value)}</span>;
}
