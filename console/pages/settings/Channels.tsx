import { useState } from 'react';
import { type Item, useApi } from '../../api.ts';
import { ListView } from '../../parts/ListView.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { plainWords } from '../../parts/words.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';
import { ChannelPeek } from './ChannelPeek.tsx';
import { NewChannel } from './NewChannel.tsx';

type Channel = Item<'listChannels'>;

/** Whether somebody would hear of it. */
function ChannelState({ of }: { of: Channel }) {
  if (!of.enabled) return <Status glyph="circle">Off</Status>;
  if (of.failing_since)
    return (
      <Status tone="crit" glyph="cross" title="No delivery has arrived since then">
        Failing
      </Status>
    );
  if (of.tested_at === null)
    return (
      <Status tone="warn" glyph="triangle" title="A policy in force may use it after a test delivery">
        Not tested
      </Status>
    );
  return (
    <Status tone="ok" glyph="check">
      Works
    </Status>
  );
}

const columns: readonly Column<Channel>[] = [
  { id: 'state', title: 'State', width: '104px', cell: (row) => <ChannelState of={row} /> },
  { id: 'name', title: 'Name', width: 'minmax(120px, 1fr)', cell: (row) => row.name },
  { id: 'slug', title: 'In policies', width: '128px', cell: (row) => <code>{row.slug}</code> },
  { id: 'kind', title: 'Kind', width: '88px', cell: (row) => plainWords(row.kind) },
  {
    id: 'address',
    title: 'Goes to',
    width: 'minmax(180px, 2fr)',
    cell: (row) => row.address ?? <span className="faint">the list of alerts</span>,
  },
  { id: 'last', title: 'Last delivery', width: '128px', cell: (row) => <LastDelivery channel_id={row.id} /> },
  { id: 'tested', title: 'Tested', width: '96px', align: 'end', cell: (row) => <Time at={row.tested_at} /> },
];

function LastDelivery({ channel_id }: { channel_id: string }) {
  const { data } = useApi('listDeliveries', { query: { channel_id, limit: 1 } }, { staleTime: 10_000 });
  const last = data?.items[0];
  if (!last) return <span className="faint">{data ? 'none' : ''}</span>;
  if (last.status === 'dead')
    return (
      <Status tone="crit" glyph="cross" title={last.last_error ?? ''}>
        given up
      </Status>
    );
  return last.delivered_at ? <Time at={last.delivered_at} /> : <span className="quiet">on its way</span>;
}

const no_facets: never[] = [];

/** Whom limits tell, and whether it arrives. */
export function Channels() {
  const [making, setMaking] = useState(false);
  return (
    <SettingsPage
      title="Alert channels"
      full
      act={{ verb: 'New channel', denied: 'Your key may not make channels', onChoose: () => setMaking(true) }}
    >
      <ListView
        of="listChannels"
        label="Alert channels"
        facets={no_facets}
        columns={columns}
        least={880}
        keyOf={(row) => row.id}
        peek={(row) => <ChannelPeek of={row} />}
        peekTitle={(row) => row.name}
        empty={<Empty title="No channel">Without one, alerts stand in the console alone.</Empty>}
      />
      {making && <NewChannel onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}
