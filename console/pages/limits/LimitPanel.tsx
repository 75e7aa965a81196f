import { useState } from 'react';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { BurnDown } from '../../parts/BurnDown.tsx';
import { fillOf, gaugesOf, type Limit } from '../../parts/gauge.ts';
import { useKeys } from '../../parts/keys.ts';
import { useMay } from '../../parts/session.ts';
import { windowWords } from '../../parts/window-words.ts';
import { consequenceOf } from '../../parts/words.tsx';
import { writtenOf } from '../../parts/written.ts';
import { hrefOf } from '../../paths.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { amountText, minuteText, percentText, shortId } from '../../ui/format.ts';
import { Meter } from '../../ui/Meter.tsx';
import { Panel } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Limits.module.css';
import type { LimitLine } from './limit-rows.ts';
import { RaiseDialog } from './RaiseDialog.tsx';

type History = Answer<'getLimitHistory'>;

/** One limit over its period, who uses it, what else binds the same calls, and the raise for once. */
export function LimitPanel({ of }: { of: LimitLine }) {
  const { limit, gauge } = of;
  const subject = gauge.subject === '*' ? undefined : gauge.subject;
  const history = useApi(
    'getLimitHistory',
    { params: { id: limit.id }, query: { subject } },
    { refetchInterval: 15_000 },
  );
  const { tone } = fillOf(gauge, limit);
  return (
    <Panel>
      <Head of={of} />
      <div className={styles.columns}>
        <div>
          {history.isPending && <Loading what="the history of the limit" rows={5} />}
          {history.isError && (
            <Failed
              what="The history could not be loaded"
              error={history.error}
              onRetry={() => void history.refetch()}
            />
          )}
          {history.data && history.data.points.length === 0 && (
            <p className="quiet">
              This limit counts {windowWords(limit.limit)}: it has no period to burn down. Its balances are listed
              below.
            </p>
          )}
          {history.data && history.data.points.length > 0 && (
            <BurnDown history={history.data} gauge={gauge} tiers={limit.alert_tiers} tone={tone} />
          )}
        </div>
        <div className={styles.side}>
          {history.data && <Consumers history={history.data} unit={gauge.unit} />}
          <Inherited of={of} />
        </div>
      </div>
    </Panel>
  );
}

function Head({ of: { limit, gauge, target } }: { of: LimitLine }) {
  const may = useMay('activate_policies');
  const may_write = useMay('write_policies');
  const [raising, setRaising] = useState(false);
  useKeys({ u: () => may && setRaising(true) });
  return (
    <div className={styles.head}>
      <h2>{limit.policy_name}</h2>
      <span className="quiet">
        {limit.title}, {windowWords(limit.limit)}, for {target || 'its target'}
        {gauge.subject !== '*' && <code> {shortId(gauge.subject)}</code>}; then{' '}
        {consequenceOf(limit.action).toLowerCase()}
        {gauge.resets_at && `; resets ${minuteText(gauge.resets_at)}`}
      </span>
      {gauge.override && (
        <Status tone="warn" glyph="triangle">
          raised from {amountText(gauge.base_cap, gauge.unit)}, ends <Time at={gauge.override.expires_at} />
        </Status>
      )}
      <span style={{ flex: 1 }} />
      <Button
        kind="primary"
        hint="u"
        disabled={!may}
        title={may ? undefined : 'Your key may not raise limits'}
        onClick={() => setRaising(true)}
      >
        Raise once…
      </Button>
      {may_write && <Link href={`${hrefOf(limit.policy_id)}/edit`}>Edit</Link>}
      <Link href={`/incidents?policy=${limit.policy_id}`}>Incidents</Link>
      <Link href={hrefOf(limit.policy_id)}>Policy v{limit.policy_version}</Link>
      {raising && <RaiseDialog limit={limit} gauge={gauge} onClose={() => setRaising(false)} />}
    </div>
  );
}

const by = [
  { word: 'agent', name: 'By agent', none: 'no agent named' },
  { word: 'api_key', name: 'By key', none: 'no key' },
] as const;

/** Who used most of it in the window. */
function Consumers({ history, unit }: { history: History; unit: string }) {
  const [shown, setShown] = useState<(typeof by)[number]['word']>('agent');
  const rows = shown === 'agent' ? history.by_agent : history.by_api_key;
  const most = Math.max(...rows.map((row) => Number(row.amount)), 1e-9);
  const none = by.find(({ word }) => word === shown)?.none;
  return (
    <section aria-label="Who uses it" className={styles.side}>
      <div style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
        <h2>Who uses it</h2>
        <span style={{ flex: 1 }} />
        {by.map(({ word, name }) => (
          <Button
            key={word}
            small
            kind={shown === word ? 'normal' : 'plain'}
            aria-pressed={shown === word}
            onClick={() => setShown(word)}
          >
            {name}
          </Button>
        ))}
      </div>
      {rows.length === 0 && <p className="quiet">Nobody yet in this window.</p>}
      <ol className={styles.bars}>
        {rows.map((row) => (
          <li key={row.id ?? 'none'}>
            {row.id ? (
              <Link className="cut" href={`/activity/completed?${shown}=${encodeURIComponent(row.id)}`}>
                {row.name ?? row.id}
              </Link>
            ) : (
              <span className="faint">{none}</span>
            )}
            <Meter used={Number(row.amount) / most} tone="info" label={`${row.name ?? none}`} />
            <span className="number">{amountText(row.amount, unit)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const most_others = 6;

/** What else binds the same calls: limits of other policies that take them, the strictest first. */
function Inherited({ of: { limit, target } }: { of: LimitLine }) {
  const policy = useApi('getPolicy', { params: { id: limit.policy_id } });
  const asked = useApi(
    'lintPolicy',
    { body: { document: policy.data && writtenOf(policy.data), policy_id: limit.policy_id } },
    { staleTime: 30_000, enabled: policy.data !== undefined },
  );
  const others = (asked.data?.deciding ?? []).flatMap(({ policy_id, state }) => (policy_id && state ? [state] : []));
  return (
    <section aria-label="Bound also by" className={styles.side}>
      <h2>{target === '' ? 'The same calls are' : `${target} is`} bound also by</h2>
      {asked.isPending && <Loading what="other limits" rows={2} />}
      {asked.isError && (
        <Failed what="Other limits could not be loaded" error={asked.error} onRetry={() => void asked.refetch()} />
      )}
      {asked.data && others.length === 0 && <p className="quiet">No other limit.</p>}
      <ul className={styles.bars}>
        {others.slice(0, most_others).map((other) => (
          <Other key={other.id} of={other} />
        ))}
      </ul>
      {others.length > most_others && (
        <Link href={`/policies/${limit.policy_id}?tab=conflicts`}>All {others.length}</Link>
      )}
    </section>
  );
}

/** Of a limit with several balances the fullest stands for all. */
function Other({ of }: { of: Limit }) {
  const fills = gaugesOf(of).map((gauge) => fillOf(gauge, of));
  const share = Math.max(0, ...fills.map(({ used, held }) => used + held));
  return (
    <li>
      <Link className="cut" href={`/limits?limit=${of.id}`} title={`${of.policy_name}: ${of.title}`}>
        {of.policy_name} <span className="quiet">{of.title.toLowerCase()}</span>
      </Link>
      <Meter used={share} tone={fills[0]?.tone ?? 'info'} label={`${of.policy_name}: ${percentText(share)}`} />
      <span className="number">{percentText(share)}</span>
    </li>
  );
}
