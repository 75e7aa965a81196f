import { totalText } from '@aos/core/base/total.ts';
import { Link } from 'wouter';
import { useApi } from '../../api.ts';
import { useSession } from '../../parts/session.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { plainWords } from '../../parts/words.tsx';
import { Said } from '../../ui/Amount.tsx';
import { Panel } from '../../ui/Page.tsx';
import { Empty, Failed, Loading } from '../../ui/States.tsx';
import { Instant } from '../../ui/Time.tsx';
import { PolicyRows } from './PolicyRows.tsx';

/** Who changed it, when and why, from the ledger. */
export function PolicyAudit({ id }: { id: string }) {
  const list = useApi('listLedgerEntries', { query: { object: id, limit: 100 } });
  const { project } = useSession();
  if (list.isPending) return <Loading what="the ledger" />;
  if (!list.data)
    return <Failed what="The ledger could not be read" error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data.items.length === 0)
    return (
      <Empty title={project === null ? 'No entry about this policy' : 'Not for a key of one project'}>
        {project === null
          ? 'Every change of a policy is an entry, with who made it and why.'
          : `Policies belong to the whole tenant, and so do the entries about them: this key sees those of ${project.slug}. A key without a project sees who changed the policy, when and why.`}
      </Empty>
    );
  return (
    <Panel>
      <Trouble what="The ledger could not be read again" of={[list]} />
      <PolicyRows columns="220px 180px 160px minmax(0, 1fr)">
        {list.data.items.map((entry) => (
          <li key={entry.id}>
            <Instant at={entry.occurred_at} />
            <Link href={`/logs/audit?object=${id}&peek=${entry.id}`}>{plainWords(entry.event)}</Link>
            <span>{entry.actor_name ?? (entry.actor_type === 'system' ? 'AOS' : entry.actor_id)}</span>
            <span className="quiet cut" title={entry.reason ?? ''}>
              {entry.reason === null ? 'no reason given' : <Said text={entry.reason} />}
            </span>
          </li>
        ))}
      </PolicyRows>
      {list.data.next_cursor && (
        <p>
          The newest {list.data.items.length}. <Link href={`/logs/audit?object=${id}`}>All {totalText(list.data)}</Link>
        </p>
      )}
    </Panel>
  );
}
