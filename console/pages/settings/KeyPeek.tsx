import type { Total } from '@aos/core/base/total.ts';
import { useState } from 'react';
import { Link } from 'wouter';
import { useApi } from '../../api.ts';
import { BoundList } from '../../parts/BoundBy.tsx';
import { ContainDialog, type Containment, ReleaseDialog } from '../../parts/ContainDialog.tsx';
import { useKeyNames } from '../../parts/key-names.ts';
import { useMay } from '../../parts/session.ts';
import { plainWords } from '../../parts/words.tsx';
import { chosenProject } from '../../project.ts';
import { Money } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Instant, Time, useNow } from '../../ui/Time.tsx';
import { BindDialog, RevokeDialog, RotateDialog } from './KeyDialogs.tsx';
import { KeyMaker } from './KeyMaker.tsx';
import { type Key, type KeyNames, warningsOf } from './key-facts.ts';

type Asking = 'rotate' | 'bind' | 'revoke' | 'contain' | 'release';

interface Props {
  of: Key;
  names: KeyNames;
  stop: Containment | undefined;
}

const week_ms = 7 * 86_400_000;
const hour_ms = 3_600_000;

/** One key: what it may do, what it did in the last week, and what can be done about it. */
export function KeyPeek({ of, names, stop }: Props) {
  const now_ms = useNow();
  const from = new Date(Math.floor((Date.now() - week_ms) / hour_ms) * hour_ms).toISOString();
  const week = useApi('getMetrics', { query: { api_key: of.id, from, is_synthetic: 'all' } });
  const live = useApi('listLiveRuns', {
    query: { api_key: of.id, limit: 1, is_synthetic: 'all' },
    everywhere: true,
  });
  const makers = useKeyNames();
  const warnings = warningsOf(of, now_ms);
  return (
    <>
      {warnings.map((warning) => (
        <Status key={warning} tone="warn" glyph="triangle">
          {warning}
        </Status>
      ))}
      {stop && (
        <Status tone="crit" glyph="square">
          Contained: {stop.reason}
        </Status>
      )}
      {!of.revoked_at && <KeyActions of={of} names={names} stop={stop} running={live.data} />}
      <KeyValue
        of={[
          ['Key', <Id key="id" id={of.id} />],
          ['Begins and ends', <code key="hint">{of.hint}</code>],
          ['Role', plainWords(of.role)],
          ['Project', names.project(of.project_id)],
          ['Agents', of.agent_ids.length === 0 ? 'any' : of.agent_ids.map(names.agent).join(', ')],
          ['Humans', of.actor_ids.length === 0 ? 'any' : of.actor_ids.map(names.actor).join(', ')],
          ['Running now', <RunningNow key="live" of={of} count={live.data?.total} />],
          ['Calls, 7 days', week.data?.totals.calls],
          ['Cost, 7 days', week.data && <Money key="cost" usd={week.data.totals.cost_usd} />],
          ['Refused, 7 days', week.data?.totals.refused],
          ['Last used', <Time key="used" at={of.last_used_at} />],
          ['Last used from', of.last_used_ip],
          ['Last used with', of.last_used_client],
          ['Made by', <KeyMaker key="maker" of={of.created_by} names={makers} />],
          ['Made', <Instant key="made" at={of.created_at} />],
          ['Expires', of.expires_at && <Instant key="expires" at={of.expires_at} />],
          ['Revoked', of.revoked_at && <Instant key="revoked" at={of.revoked_at} />],
          ['Rotated from', of.rotated_from && <Id key="from" id={of.rotated_from} />],
        ]}
      />
      <h3>Policies that bind it</h3>
      <BoundList of={of.policies} />
      {of.policies.total === 0 && <p className="quiet">None: nothing limits what it calls.</p>}
      <p>
        <Link href={`/logs/audit?object=${of.id}`}>What happened to it, in the ledger</Link>
      </p>
    </>
  );
}

/** Of all projects: the list is, too, unless one is chosen and the key is of several. */
function RunningNow({ of, count }: { of: Key; count: number | null | undefined }) {
  const text = `${count ?? '…'} ${count === 1 ? 'run' : 'runs'}`;
  if (chosenProject() !== null && of.project_id === null) return `${text} of all projects`;
  const project = of.project_id === null ? '' : `&project=${of.project_id}`;
  return <Link href={`/activity/live?api_key=${of.id}&is_synthetic=all${project}`}>{text}</Link>;
}

function KeyActions({ of, names, stop, running }: Props & { running: Total | undefined }) {
  const may = useMay('administer');
  const may_stop = useMay('operate');
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  return (
    <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
      <Button small disabled={!may} onClick={() => setAsking('bind')}>
        Bind…
      </Button>
      <Button small disabled={!may} onClick={() => setAsking('rotate')}>
        Rotate…
      </Button>
      {stop ? (
        <Button small disabled={!may_stop} onClick={() => setAsking('release')}>
          Release…
        </Button>
      ) : (
        <Button small kind="danger" disabled={!may_stop} onClick={() => setAsking('contain')}>
          Contain…
        </Button>
      )}
      <Button small kind="danger" disabled={!may} onClick={() => setAsking('revoke')}>
        Revoke…
      </Button>
      {asking === 'bind' && <BindDialog of={of} names={names} onClose={close} />}
      {asking === 'rotate' && <RotateDialog of={of} onClose={close} />}
      {asking === 'revoke' && <RevokeDialog of={of} running={running} onClose={close} />}
      {asking === 'contain' && (
        <ContainDialog subject={{ kind: 'api_key', id: of.id, name: of.name }} onClose={close} />
      )}
      {asking === 'release' && stop && <ReleaseDialog stop={stop} onClose={close} />}
    </div>
  );
}
