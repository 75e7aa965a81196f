import type { Item } from '../../api.ts';
import { Status } from '../../ui/Chip.tsx';
import { exactMoney } from '../../ui/format.ts';

type Price = Item<'listPrices'>;

const text = (rate: unknown): string | null =>
  rate === undefined || rate === null ? null : `$${exactMoney(Number(rate).toFixed(9))}`;

/** `$2.50 in · $10.00 out · $1.25 cached`; what has no price is said, never shown as free. */
export function Rate({ of }: { of: Pick<Price, 'tiers'> }) {
  const [first] = of.tiers;
  const parts = [text(first?.rates.input), text(first?.rates.output)];
  const cached = text(first?.rates.cached_input);
  if (parts[0] === null && parts[1] === null)
    return (
      <Status tone="crit" glyph="square">
        price unknown
      </Status>
    );
  const more = of.tiers.length > 1 ? `, dearer above ${of.tiers[1]?.above_input_tokens} tokens` : '';
  return (
    <span>
      {parts[0] !== null && `${parts[0]} in`}
      {parts[0] !== null && parts[1] !== null && ' · '}
      {parts[1] !== null && `${parts[1]} out`}
      {cached !== null && ` · ${cached} cached`}
      <span className="quiet">{more}</span>
    </span>
  );
}
