import type { Item } from '../api.ts';
import { exactText } from '../ui/format.ts';

type Charge = NonNullable<Item<'listLlmRunRecords'>['charges']>[number];

const names: Record<Charge['kind'], string> = {
  input: 'input',
  cached_input: 'cached input',
  cache_write: 'cache write',
  cache_write_1h: 'cache write for 1 h',
  audio_input: 'audio input',
  output: 'output',
  audio_output: 'audio output',
  request: 'request',
  web_search: 'web search',
  held_input: 'all held for input',
  held_output: 'all held for output',
};

/** What a cost is the sum of: so many of each at the price of then, exactly. */
export function Charges({ of }: { of: readonly Charge[] }) {
  if (of.length === 0) return <>nothing</>;
  return (
    <ul>
      {of.map(({ kind, quantity, price_usd, per }) => (
        <li key={kind}>
          {exactText(quantity)} {names[kind]} × {priceText(price_usd)}
          {per === 1 ? '' : ' / million'}
        </li>
      ))}
    </ul>
  );
}

/** Exactly, with cents at least: `$2.50`, `$0.0375`. */
function priceText(usd: string): string {
  const [whole, part = ''] = usd.split('.');
  return `$${whole}.${part.padEnd(2, '0')}`;
}
