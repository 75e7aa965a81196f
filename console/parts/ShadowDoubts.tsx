import { useApi } from '../api.ts';
import { Status } from '../ui/Chip.tsx';

/** Before a policy leaves shadow: what speaks for leaving it there a while longer. */
export function ShadowDoubts({ id }: { id: string }) {
  const shadow = useApi('getShadow', { params: { id }, query: { is_synthetic: 'all' } });
  if (shadow.isPending) return <p className="quiet">Looking at what it did in shadow …</p>;
  if (shadow.isError) return <p role="alert">What it did in shadow is not known: {shadow.error.message}</p>;
  const { doubts } = shadow.data;
  if (doubts.length === 0) return null;
  return (
    <div role="note" aria-label="What speaks against it">
      <ul>
        {doubts.map((doubt) => (
          <li key={doubt}>
            <Status tone="warn" glyph="triangle">
              <span style={{ whiteSpace: 'normal' }}>{doubt}</span>
            </Status>
          </li>
        ))}
      </ul>
      <p>It can be put in force all the same.</p>
    </div>
  );
}
