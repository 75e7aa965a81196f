import { IdLink } from '../../parts/Chips.tsx';
import { useKeyName } from '../../parts/key-names.ts';
import { plainWords } from '../../parts/words.tsx';

/** Whose key made a key; what is made without one is named by its word. */
export function KeyMaker({ of, names }: { of: string | null; names: ReadonlyMap<string, string> }) {
  const name = useKeyName(of, names);
  if (of?.startsWith('key_')) return <IdLink id={of} name={name} />;
  return <span className="faint">{of === null ? 'first start' : plainWords(of).toLowerCase()}</span>;
}
