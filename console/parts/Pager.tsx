import { Button } from '../ui/Button.tsx';
import { exactText } from '../ui/format.ts';
import { useNeighbours } from './last-list.ts';

/** Where this page stands in the list it was opened from, with the ways to the one before and after. */
export function Pager() {
  const { at, count, go } = useNeighbours();
  if (at < 0) return null;
  return (
    <span role="group" aria-label="In the list" style={{ display: 'inline-flex', gap: 4, alignItems: 'center' }}>
      <Button small kind="plain" aria-label="Previous of the list" disabled={at === 0} onClick={() => go(-1)}>
        ‹
      </Button>
      <span className="quiet">
        {exactText(at + 1)} of {exactText(count)}
      </span>
      <Button small kind="plain" aria-label="Next of the list" disabled={at === count - 1} onClick={() => go(1)}>
        ›
      </Button>
    </span>
  );
}
