import { naming } from '@aos/core/activity/named.ts';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Item } from '../../api.ts';
import { ListView } from '../../parts/ListView.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { useMay } from '../../parts/session.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { exactText } from '../../ui/format.ts';
import { Json } from '../../ui/KeyValue.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';
import { Rate } from './Rate.tsx';
import { SetPrice } from './SetPrice.tsx';
import { isUnknown, useUnpriced, useWithUnknown } from './unknown-prices.ts';

type Price = Item<'listPrices'>;

const columnsOf = (onSet: ((of: Price) => void) | null): readonly Column<Price>[] => [
  {
    id: 'state',
    title: 'State',
    width: '104px',
    cell: (row) =>
      isUnknown(row) ? (
        <Status tone="crit" glyph="square">
          Unknown
        </Status>
      ) : row.in_force ? (
        <Status tone="info" glyph="dot">
          In force
        </Status>
      ) : (
        <Status glyph="circle">Overridden</Status>
      ),
  },
  { id: 'provider', title: 'Provider', width: '112px', cell: (row) => row.provider },
  { id: 'model', title: 'Model', width: 'minmax(160px, 1fr)', cell: (row) => <code>{row.model}</code> },
  { id: 'rate', title: 'USD per million tokens', width: 'minmax(264px, 1.4fr)', cell: (row) => <Rate of={row} /> },
  {
    id: 'source',
    title: 'From',
    width: '144px',
    cell: (row) =>
      isUnknown(row) ? (
        <Link href={`/activity/completed?model=${encodeURIComponent(naming(row.model))}&cost=unknown`}>
          {row.source}
        </Link>
      ) : row.source === 'manual' ? (
        'your override'
      ) : (
        row.source
      ),
  },
  {
    id: 'reason',
    title: 'Because',
    width: 'minmax(112px, 0.8fr)',
    cell: (row) =>
      isUnknown(row) ? (
        <Button small disabled={onSet === null} onClick={() => onSet?.(row)}>
          Set its price…
        </Button>
      ) : (
        (row.reason ?? <span className="faint">the packaged book</span>)
      ),
  },
  { id: 'since', title: 'Since', width: '104px', align: 'end', cell: (row) => <Time at={row.effective_from} /> },
];

const facets = [
  { name: 'model', label: 'Model' },
  { name: 'provider', label: 'Provider' },
];

/** What models cost, where the number comes from, and which have none. */
export function Prices() {
  const may = useMay('administer');
  const [setting, setSetting] = useState<Partial<Price> | null>(null);
  return (
    <SettingsPage
      title="Prices"
      full
      act={{ verb: 'Set a price', denied: 'Your key may not set prices', onChoose: () => setSetting({}) }}
    >
      <PricedSince />
      <ListView
        of="listPrices"
        label="Prices"
        facets={facets}
        columns={columnsOf(may ? setSetting : null)}
        useRows={useWithUnknown}
        least={980}
        keyOf={(row) => row.id}
        peek={(row) => (
          <>
            <div>
              <Button small disabled={!may} onClick={() => setSetting(row)}>
                {isUnknown(row) ? 'Set its price…' : 'Override…'}
              </Button>
            </div>
            {isUnknown(row) ? <UnknownMeans /> : <Json value={row} label="The price" />}
          </>
        )}
        peekTitle={(row) => row.model}
        empty={<Empty title="No price">Nothing is charged for a model without a price, and nothing is assumed.</Empty>}
      />
      {setting && <SetPrice of={setting} onClose={() => setSetting(null)} />}
    </SettingsPage>
  );
}

const UnknownMeans = () => (
  <p className="quiet">
    It was called and nobody knows what it costs: its calls count with their tokens and not as $0, and a limit on money
    refuses them unless its policy estimates them. From the moment it has a price, calls are charged by it; those made
    before stay without.
  </p>
);

/** Models that have a price by now, and had calls before that: these stay without. */
function PricedSince() {
  const { priced } = useUnpriced();
  if (priced.length === 0) return null;
  return (
    <p className="quiet">
      Of models with a price, calls that had none in 30 days stay without:{' '}
      {priced.map(({ provider, model, calls }, nth) => (
        <span key={`${provider} ${model}`}>
          {nth > 0 && ', '}
          <Link href={`/activity/completed?model=${encodeURIComponent(naming(model))}&cost=unknown`}>
            {provider}/{model}
          </Link>{' '}
          {exactText(calls)}
        </span>
      ))}
      .
    </p>
  );
}
