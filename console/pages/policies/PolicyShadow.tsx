import { exactly, totalText } from '@aos/core/base/total.ts';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { type Answer, type Item, useAct, useApi } from '../../api.ts';
import { useKeyName, useKeyNames } from '../../parts/key-names.ts';
import { useKeys } from '../../parts/keys.ts';
import { useMay } from '../../parts/session.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { countText, durationText, percentText, shortId } from '../../ui/format.ts';
import { useKeyWords } from '../../ui/key-words.ts';
import { Section } from '../../ui/Page.tsx';
import { Loading } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Shadow.module.css';

type Shadow = Answer<'getShadow'>;
type Hit = Item<'listShadowHits'>;
type Verdict = NonNullable<Hit['judgment']>['verdict'];

const page = 20;
/** Counted anew, so not with every call that comes. */
const now_and_then = { refetchInterval: 10_000 };

/** What a policy in shadow would have stopped, and whether people say that it had been right. */
export function PolicyShadow({ id }: { id: string }) {
  const [limit, setLimit] = useState(page);
  const query = { is_synthetic: 'all' as const };
  const shadow = useApi('getShadow', { params: { id }, query }, now_and_then);
  const hits = useApi(
    'listShadowHits',
    { params: { id }, query: { ...query, limit } },
    { ...now_and_then, placeholderData: (before) => before },
  );
  const { items, next_cursor, ...total } = hits.data ?? { ...exactly(0), items: [], next_cursor: null };
  return (
    <Section title="In shadow">
      <div className={styles.card}>
        <Trouble what="What it would have stopped could not be loaded" of={[shadow, hits]} />
        {shadow.isPending && <Loading what="what it did in shadow" rows={1} />}
        {shadow.data && <p>{shadowText(shadow.data)}</p>}
        {items.length > 0 && <Hits id={id} items={items} />}
        {next_cursor !== null && limit < 200 && (
          <p>
            {items.length} of {totalText(total)}.{' '}
            <LinkButton onClick={() => setLimit((now) => Math.min(200, now + 60))}>Show more</LinkButton>
          </p>
        )}
      </div>
    </Section>
  );
}

function shadowText(of: Shadow): string {
  const { in_shadow_ms, evaluated, evaluated_is_exact, would_stop, would_stop_share, decided_p95_ms, right, wrong } =
    of;
  const looked = evaluated === null ? [] : [`${evaluated_is_exact ? '' : '≥ '}${countText(evaluated)} evaluated`];
  const share = would_stop > 0 && would_stop_share !== null ? ` (${percentText(would_stop_share)})` : '';
  return [
    `In shadow ${durationText(in_shadow_ms ?? 0)}`,
    ...looked,
    `${countText(would_stop)} would be stopped${share}`,
    ...(would_stop > 0 ? [`${right} marked right, ${wrong} wrong`] : []),
    ...(decided_p95_ms === null ? [] : [`added latency p95 ${durationText(decided_p95_ms)} with all policies`]),
  ].join(' · ');
}

/** One of them is chosen: `j` and `k` go on and back, `y` and `n` judge it and go on. */
function Hits({ id, items }: { id: string; items: readonly Hit[] }) {
  const may = useMay('judge');
  const judging = useAct('judgeShadowHit');
  const names = useKeyNames();
  const [at, setAt] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const place = Math.max(
    0,
    items.findIndex(({ decision_id }) => decision_id === at),
  );
  const go = (by: number) => setAt(items[Math.max(0, Math.min(items.length - 1, place + by))]?.decision_id ?? null);
  const judge = (hit: Hit | undefined, verdict: Verdict) => {
    if (hit && may) judging.mutate({ params: { id }, body: { decision_id: hit.decision_id, verdict } });
  };
  const judgeHere = (verdict: Verdict) => {
    judge(items[place], verdict);
    go(1);
  };
  useKeys({ j: () => go(1), k: () => go(-1), y: () => judgeHere('right'), n: () => judgeHere('wrong') });
  useKeyWords({
    'j k': 'Next or previous call it would have stopped',
    y: 'It would have been right to stop it',
    n: 'It would have been wrong to stop it',
  });
  useEffect(() => {
    if (at !== null) list.current?.querySelector<HTMLElement>('[aria-current="true"]')?.focus();
  }, [at]);
  return (
    <>
      <ul ref={list} className={styles.hits} aria-label="Calls it would have stopped">
        {items.map((hit, n) => (
          <HitRow
            key={hit.decision_id}
            hit={hit}
            names={names}
            is_chosen={n === place}
            may={may}
            onChoose={() => setAt(hit.decision_id)}
            onJudge={(verdict) => judge(hit, verdict)}
          />
        ))}
      </ul>
      {judging.isError && <p role="alert">{judging.error.message}</p>}
    </>
  );
}

interface RowProps {
  hit: Hit;
  names: ReadonlyMap<string, string>;
  is_chosen: boolean;
  may: boolean;
  onChoose: () => void;
  onJudge: (verdict: Verdict) => void;
}

const refused = 'Your key may not judge what policies in shadow would stop';

function HitRow({ hit, names, is_chosen, may, onChoose, onJudge }: RowProps) {
  const { decision_id, agent_slug, reason, occurred_at, judgment } = hit;
  const by = useKeyName(judgment?.judged_by ?? null, names) ?? shortId(judgment?.judged_by ?? '');
  return (
    <li
      className={styles.hit}
      tabIndex={-1}
      aria-current={is_chosen}
      aria-label={`${agent_slug ?? 'no agent'}: ${judgment ? `marked ${judgment.verdict}` : 'not judged'}`}
      onFocus={onChoose}
    >
      <span>
        <Time at={occurred_at} />
      </span>
      <Link href={hrefOf(decision_id)} className="cut">
        {agent_slug ?? 'no agent'}
      </Link>
      <span className={styles.reason}>{reason && <Said text={reason} />}</span>
      <span className={styles.acts}>
        {judgment && (
          <Status
            tone={judgment.verdict === 'right' ? 'ok' : 'crit'}
            glyph={judgment.verdict === 'right' ? 'check' : 'cross'}
          >
            {judgment.verdict} <span className="quiet">by {by}, </span>
            <Time at={judgment.judged_at} />
          </Status>
        )}
        {(['right', 'wrong'] as const).map((verdict) => (
          <Button
            key={verdict}
            small
            {...(is_chosen && { hint: verdict === 'right' ? 'y' : 'n' })}
            disabled={!may}
            title={may ? undefined : refused}
            aria-pressed={judgment?.verdict === verdict}
            onClick={() => onJudge(verdict)}
          >
            {verdict === 'right' ? 'Right' : 'Wrong'}
          </Button>
        ))}
      </span>
    </li>
  );
}
