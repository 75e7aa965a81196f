import type { Item } from '../api.ts';
import { Status } from '../ui/Chip.tsx';

/** What became of telling somebody. */
export function DeliveryStatus({ of }: { of: Pick<Item<'listDeliveries'>, 'status' | 'attempts'> }) {
  if (of.status === 'delivered')
    return (
      <Status tone="ok" glyph="check">
        Delivered
      </Status>
    );
  if (of.status === 'dead')
    return (
      <Status tone="crit" glyph="cross">
        Given up
      </Status>
    );
  return (
    <Status tone="warn" glyph="ring">
      {of.attempts === 0 ? 'Waiting' : `Trying again (${of.attempts})`}
    </Status>
  );
}
