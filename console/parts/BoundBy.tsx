import { Link } from 'wouter';
import type { Item } from '../api.ts';
import { hrefOf } from '../paths.ts';
import { Status } from '../ui/Chip.tsx';
import { plainWords } from './words.tsx';

type Bound = Item<'listApiKeys'>['policies'];

const shadowed = ({ mode }: Bound['first'][number]): string => (mode === 'shadow' ? ', in shadow' : '');

/** The narrowest policy that binds something, and how many more do. */
export function BoundBy({ of: { total, first } }: { of: Bound }) {
  const [narrowest] = first;
  if (!narrowest) return <span className="faint">none</span>;
  return (
    <span style={{ display: 'flex', gap: 6 }} title={first.map((of) => of.name + shadowed(of)).join('\n')}>
      <span className="cut">
        <Link href={hrefOf(narrowest.id)}>{narrowest.name}</Link>
      </span>
      {total > 1 && <span className="quiet">+{total - 1}</span>}
    </span>
  );
}

/** The policies that bind something, each with whom it is about. */
export function BoundList({ of: { total, first } }: { of: Bound }) {
  return (
    <ul>
      {first.map((of) => (
        <li key={of.id} style={{ display: 'flex', gap: 10, minHeight: 26, alignItems: 'center' }}>
          <Link href={hrefOf(of.id)} className="cut">
            {of.name}
          </Link>
          <span style={{ flex: 1 }} />
          {of.mode === 'shadow' && (
            <Status tone="shadow" glyph="flag">
              Shadow
            </Status>
          )}
          <span className="quiet" style={{ whiteSpace: 'nowrap' }}>
            by {plainWords(of.by).toLowerCase()}
          </span>
        </li>
      ))}
      {total > first.length && (
        <li className="quiet">
          and {total - first.length} more in the <Link href="/policies">library</Link>
        </li>
      )}
    </ul>
  );
}
