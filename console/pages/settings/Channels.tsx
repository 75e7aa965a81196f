import { useState } from 'react';
import { Link } from 'wouter';
import type { Item } from '../../api.ts';
import { ListView } from '../../parts/ListView.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { plainWords } from '../../parts/words.tsx';
import { Status } from '../../ui/Chip.tsx';
import { durationText, exactText } from '../../ui/format.ts';
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

/** When it was told last, and how long that took. */
function LastDelivery({ of: { last_delivery: last } }: { of: Channel }) {
  if (!last) return <span className="faint">none</span>;
  if (last.status === 'dead')
    return (
      <Status tone="crit" glyph="cross" title={last.error ?? ''}>
        given up <Time at={last.created_at} />
      </Status>
    );
  if (!last.delivered_at)
    return (
      <span className="quiet" title={last.error ?? undefined}>
        on its way
      </span>
    );
  return (
    <>
      <Time at={last.delivered_at} />
      {last.latency_ms !== null && <span className="quiet"> in {durationText(last.latency_ms)}</span>}
    </>
  );
}

/** Attempts that failed, and what was given up in the end. */
function Failures({ of: { last_week } }: { of: Channel }) {
  const { delivered, given_up, failed_attempts } = last_week;
  const told = `${exactText(delivered)} delivered, ${exactText(failed_attempts)} attempts failed, ${exactText(given_up)} given up`;
  if (failed_attempts + given_up === 0)
    return (
      <span className="faint" title={told}>
        none
      </span>
    );
  return (
    <Status tone={given_up > 0 ? 'crit' : 'warn'} glyph={given_up > 0 ? 'cross' : 'triangle'} title={told}>
      {exactText(failed_attempts)}
      {given_up > 0 && `, ${exactText(given_up)} given up`}
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
    cell: (row) => row.address ?? <Link href="/activity/alerts">the list of alerts</Link>,
  },
  { id: 'last', title: 'Last delivery', width: '168px', cell: (row) => <LastDelivery of={row} /> },
  { id: 'failures', title: 'Failures, 7 d', width: '128px', align: 'end', cell: (row) => <Failures of={row} /> },
  { id: 'tested', title: 'Tested', width: '96px', align: 'end', cell: (row) => <Time at={row.tested_at} /> },
];

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
        least={980}
        keyOf={(row) => row.id}
        peek={(row) => <ChannelPeek of={row} />}
        peekTitle={(row) => row.name}
        empty={<Empty title="No channel">Without one, alerts stand in the console alone.</Empty>}
      />
      {making && <NewChannel onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}
