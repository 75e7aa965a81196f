import { Link } from 'wouter';
import { type Item, useApi } from '../../api.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { shortId } from '../../ui/format.ts';
import { Panel } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';
import { PolicyRows } from './PolicyRows.tsx';

type Incident = Extract<Item<'listIncidents'>, { occurrences: number; source_run_id: string; title: string }>;

/** What it opened, newest first. */
export function PolicyIncidents({ id }: { id: string }) {
  const list = useApi('listIncidents', { query: { policy: id, is_synthetic: 'all', limit: 50 } });
  if (list.isPending) return <Loading what="incidents" />;
  if (!list.data)
    return <Failed what="The incidents could not be loaded" error={list.error} onRetry={() => void list.refetch()} />;
  const items = list.data.items as Incident[];
  return (
    <Panel>
      <Trouble what="The incidents could not be loaded again" of={[list]} />
      {items.length === 0 && <p className="quiet">It has opened no incident.</p>}
      <PolicyRows columns="96px 120px 140px minmax(0, 1fr) 112px">
        {items.map((one) => (
          <li key={one.id}>
            <State of="severity" state={one.severity} bare />
            <State of="incident" state={one.status} bare />
            <Link href={hrefOf(one.id)}>
              <code>{shortId(one.id)}</code>
            </Link>
            <span className="cut" title={one.title}>
              {one.agent_slug ?? 'no agent'}: <Said text={one.title} />
            </span>
            <span style={{ textAlign: 'right' }}>
              <Time at={one.last_occurred_at} />
            </span>
          </li>
        ))}
      </PolicyRows>
      {list.data.next_cursor && (
        <p>
          <Link href={`/incidents?policy=${id}`}>All {list.data.total}</Link>
        </p>
      )}
    </Panel>
  );
}
