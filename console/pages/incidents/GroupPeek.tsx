import { Link } from 'wouter';
import { type Item, useApi } from '../../api.ts';
import { type Among, type Group, groupName, useIncidentActs } from '../../parts/incident-acts.ts';
import { useMay } from '../../parts/session.ts';
import { plainWords, State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { shortId } from '../../ui/format.ts';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';

type Incident = Extract<Item<'listIncidents'>, { occurrences: number; title: string; source_run_id: string }>;

const shown = 20;

interface Props {
  group: Group;
  /** What the list is narrowed to. */
  among: Among;
  onResolve: () => void;
  onSnooze: () => void;
}

/** All that one row of the list stands for, and what can be done with it at once. */
export function GroupPeek({ group, among, onResolve, onSnooze }: Props) {
  const { violation_policy_id, agent_id, category } = group.key;
  const query = {
    ...among,
    policy: violation_policy_id,
    category,
    ...(agent_id && { agent: agent_id }),
    limit: agent_id ? shown : 200,
  };
  const list = useApi('listIncidents', { query });
  // Those without an agent cannot be asked for by it.
  const items = ((list.data?.items ?? []) as Incident[]).filter((one) => one.agent_id === (agent_id ?? null));
  const may = useMay('operate');
  const { act, busy } = useIncidentActs();
  const which = { like: group.latest_incident_id, among };
  return (
    <>
      <p>
        <Said text={group.latest_title} />
      </p>
      <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
        {group.open > 0 && (
          <Button
            small
            hint="e"
            disabled={!may || busy}
            onClick={() =>
              act(which, { kind: 'acknowledge', hours: 4 }, 'Acknowledged for 4 h', {
                name: groupName(group),
                undo: true,
              })
            }
          >
            Acknowledge {group.open}
          </Button>
        )}
        {group.open > 0 && (
          <Button small disabled={!may} onClick={onSnooze}>
            Snooze {group.open}…
          </Button>
        )}
        {group.open + group.acknowledged > 0 && (
          <Button small hint="r" disabled={!may} onClick={onResolve}>
            Resolve {group.open + group.acknowledged}…
          </Button>
        )}
      </div>
      <KeyValue
        of={[
          ['Alike in', group.grouped_by.join(', ')],
          ['Category', category && plainWords(category)],
          ['Agent', group.agent_slug],
          [
            'Policy',
            violation_policy_id?.startsWith('pol_') ? (
              <Link key="p" href={hrefOf(violation_policy_id)}>
                {group.policy_name}
              </Link>
            ) : null,
          ],
          ['Occurrences', group.occurrences],
          ['Owner', group.owner],
        ]}
      />
      <h3>Incidents</h3>
      {list.isPending && <Loading what="incidents" rows={4} />}
      {list.isError && (
        <Failed what="The incidents could not be loaded" error={list.error} onRetry={() => void list.refetch()} />
      )}
      <ul>
        {items.slice(0, shown).map((one) => (
          <li key={one.id} style={{ display: 'flex', alignItems: 'center', gap: 10, minHeight: 26 }}>
            <State of="severity" state={one.severity} bare />
            <Link href={hrefOf(one.id)}>
              <code>{shortId(one.id)}</code>
            </Link>
            <span className="quiet">{one.occurrences === 1 ? 'once' : `${one.occurrences} times`}</span>
            <span style={{ flex: 1 }} />
            <Time at={one.last_occurred_at} />
          </li>
        ))}
      </ul>
      {items.length > shown && <p className="quiet">and {group.incidents - shown} more</p>}
    </>
  );
}
