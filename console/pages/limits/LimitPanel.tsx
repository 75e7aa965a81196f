import { useState } from 'react';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { BurnDown } from '../../parts/BurnDown.tsx';
import { fillOf } from '../../parts/gauge.ts';
import { useKeys } from '../../parts/keys.ts';
import { useMay } from '../../parts/session.ts';
import { consequenceOf } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { amountText, percentText, shortId } from '../../ui/format.ts';
import { Meter } from '../../ui/Meter.tsx';
import { Panel } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Limits.module.css';
import { type LimitLine, windowWords } from './limit-rows.ts';
import { RaiseDialog } from './RaiseDialog.tsx';

type History = Answer<'getLimitHistory'>;

/** One limit over its period, who uses it, what else binds the same calls, and the raise for once. */
export function LimitPanel({ of, all }: { of: LimitLine; all: readonly LimitLine[] }) {
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
          <Inherited of={of} all={all} />
        </div>
      </div>
    </Panel>
  );
}

function Head({ of: { limit, gauge, target } }: { of: LimitLine }) {
  const may = useMay('activate_policies');
  const [raising, setRaising] = useState(false);
  useKeys({ u: () => may && setRaising(true) });
  return (
    <div className={styles.head}>
      <h2>{limit.policy_name}</h2>
      <span className="quiet">
        {limit.title}, {windowWords(limit.limit)}, for {target || 'its target'}
        {gauge.subject !== '*' && <code> {shortId(gauge.subject)}</code>}; then{' '}
        {consequenceOf(limit.action).toLowerCase()}
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

/** What else binds the same calls: wider limits, and others of the same target. */
function Inherited({ of, all }: { of: LimitLine; all: readonly LimitLine[] }) {
  const agent = of.target.startsWith('agent ') ? of.target.slice(6).split(' ')[0] : undefined;
  const asked = useApi(
    'explain',
    { body: { model: 'mock-small', ...(agent && { agent }), estimate: { input_tokens: 1, max_output_tokens: 16 } } },
    { staleTime: 30_000 },
  );
  const bound = new Set(
    (asked.data?.policies ?? []).filter(({ matched }) => matched).map(({ policy_id }) => policy_id),
  );
  const others = all.filter(({ key, limit }) => key !== of.key && bound.has(limit.policy_id)).slice(0, 6);
  return (
    <section aria-label="Bound also by" className={styles.side}>
      <h2>{agent ? `${agent} is bound also by` : 'The same calls are bound also by'}</h2>
      {asked.data && others.length === 0 && <p className="quiet">No other limit.</p>}
      <ul className={styles.bars}>
        {others.map((line) => (
          <li key={line.key}>
            <Link className="cut" href={`/limits?limit=${line.limit.id}`}>
              {line.limit.policy_name}
            </Link>
            <Meter
              used={line.share}
              tone={fillOf(line.gauge, line.limit).tone}
              label={`${line.limit.policy_name}: ${percentText(line.share)}`}
            />
            <span className="number">{percentText(line.share)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
