import { type Draft, type DraftControl, type DraftLimit, documentOf, watchedOf } from '../../parts/policy-draft.ts';
import { type Preview, usePreview } from '../../parts/settled.ts';
import { Button } from '../../ui/Button.tsx';
import { countText, exactMoney, exactText, moneyText } from '../../ui/format.ts';
import { Skeleton } from '../../ui/States.tsx';
import { UsageBars, type UsageBin } from '../../ui/UsageBars.tsx';
import styles from './New.module.css';
import type { Past } from './new-past.ts';

type Usage = NonNullable<Preview['result']>['usage'][number];

interface Props {
  draft: Draft;
  control: DraftControl;
  limit: DraftLimit;
  /** What the preview beside the form says. */
  past: Past;
  setMax: (max: string) => void;
}

/** What each past window used of what the limit counts, with the amount as a line on it, to choose the amount by. */
export function PastUsage({ draft, control, limit, past, setMax }: Props) {
  const at = draft.controls.indexOf(control);
  const known = past.answer?.result?.usage.find((of) => of.control === at && isOf(of, limit));
  // Only what keeps the policy from being whole is the amount: one preview at a time is enough.
  const asked = usePreview(known || !limit.window || limit.max !== '' ? null : bodyOf(draft, control));
  const usage = known ?? asked.answer?.result?.usage[0];
  if (!limit.window) return null;
  if (!usage)
    return asked.error || (limit.max !== '' && !past.is_asked) ? (
      <p className="quiet">What was used in the past stands here once the target is chosen.</p>
    ) : (
      <Skeleton rows={3} />
    );
  return <Shown usage={usage} limit={limit} setMax={setMax} />;
}

/** The preview may still be that of another limit. */
function isOf({ type, window }: Usage, limit: DraftLimit): boolean {
  const spanOf = (of: object | undefined) =>
    Object.values({ per: '', rolling_seconds: '', ...of, timezone: '' }).join(' ');
  return type === limit.type && spanOf(window) === spanOf(limit.window);
}

/** Any amount will do: what was used does not depend on it. */
function bodyOf(draft: Draft, control: DraftControl): Record<string, unknown> {
  const { alerts: _, ...bare } = control;
  const whole = { ...bare, limit: { ...control.limit, max: '1000000' } } as DraftControl;
  return { policy: documentOf({ ...draft, controls: [whole] }), include_synthetic: false };
}

function Shown({ usage, limit, setMax }: { usage: Usage; limit: DraftLimit; setMax: (max: string) => void }) {
  const of = watchedOf(limit);
  const money = of?.is_money === true;
  const text = (amount: number | string) => (money ? moneyText(amount) : countText(Number(amount)));
  const { window } = limit;
  const per = window && 'per' in window ? window.per : `${window?.rolling_seconds} s`;
  const typed = Number(String(limit.max).replaceAll(/[\s,_$]/g, ''));
  const max = limit.max === '' || !Number.isFinite(typed) ? null : typed;
  if (usage.windows === 0)
    return <p className="quiet">No call of this target in the time of the preview: nothing was used.</p>;
  const figures = `p50 ${text(usage.p50)} · p95 ${text(usage.p95)} · max ${text(usage.max)}`;
  const bins = usage.bins.map((bin) => ({ from: Number(bin.from), to: Number(bin.to), windows: bin.windows }));
  const end = Math.max(bins.at(-1)?.to ?? 0, max ?? 0);
  const step = money ? Math.max(0.000_001, end / 200) : Math.max(1, Math.round(end / 200));
  return (
    <section className={styles.more} aria-label="Past use" style={{ padding: 0, border: 0 }}>
      <div style={{ display: 'flex', gap: 12, alignItems: 'center', justifyContent: 'space-between' }}>
        <h3>
          {of?.name ?? limit.type} per {per}, {exactText(usage.windows)} past{' '}
          {usage.windows === 1 ? 'window' : 'windows'}
        </h3>
        <Button small onClick={() => setMax(written(usage.p95))}>
          use p95 {text(usage.p95)}
        </Button>
      </div>
      <UsageBars
        bins={bins}
        limit={max}
        amountText={text}
        label={`How much past windows used, ${figures}${max === null ? '' : `; the limit is ${text(max)}`}`}
      />
      <input
        type="range"
        aria-label="At most, by slider"
        aria-valuetext={text(max ?? 0)}
        min={0}
        max={end}
        step={step}
        value={max ?? 0}
        onChange={(event) => setMax(written(money ? Number(event.target.value).toFixed(6) : event.target.value))}
        style={{ width: '100%', minHeight: 24, margin: 0, accentColor: 'var(--accent)' }}
      />
      <p>{figures}</p>
      <p className="quiet">{overshootText(usage, text)}</p>
      <Table bins={bins} text={text} />
    </section>
  );
}

/** What the books keep: no call is let in whose most does not fit any more. */
function overshootText({ stops, largest_call }: Usage, text: (amount: number | string) => string): string {
  if (!stops) return 'Nothing is stopped at the limit, so use may go on past it.';
  return `Possible overshoot: none. The most that a call can use is held before it, and one that does not fit is not made. The largest past call used ${text(largest_call)}.`;
}

const Table = ({ bins, text }: { bins: readonly UsageBin[]; text: (amount: number) => string }) => (
  <details>
    <summary>View as table</summary>
    <table style={{ marginTop: 4 }}>
      <thead>
        <tr>
          <th scope="col">used more than</th>
          <th scope="col">and up to</th>
          <th scope="col">windows</th>
        </tr>
      </thead>
      <tbody>
        {bins.map(({ from, to, windows }) => (
          <tr key={from}>
            <td className="number">{text(from)}</td>
            <td className="number">{text(to)}</td>
            <td className="number">{windows}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </details>
);

/** As somebody would write it: without the zeros that say nothing. */
const written = (amount: number | string): string => {
  const text = exactMoney(String(amount));
  return text.includes('.') ? text : String(amount);
};
