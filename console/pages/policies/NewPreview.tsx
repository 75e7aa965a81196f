import { useId, useState } from 'react';
import { Link } from 'wouter';
import type { DraftTarget } from '../../parts/policy-draft.ts';
import { CheckField } from '../../parts/RadioField.tsx';
import type { Lint, Preview } from '../../parts/settled.ts';
import { stepHref } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { SelectField } from '../../ui/Field.tsx';
import { exactText, moneyText, percentText, shortId } from '../../ui/format.ts';
import { Failed, Skeleton } from '../../ui/States.tsx';
import { Deciding } from './Deciding.tsx';
import styles from './New.module.css';
import { headlineOf, lineOf, type Past } from './new-past.ts';

const spans = [
  { value: '24', name: 'last 24 hours' },
  { value: '168', name: 'last 7 days' },
  { value: '720', name: 'last 30 days' },
];

interface Props {
  past: Past;
  lint: Lint | null;
  target: DraftTarget;
}

/** What the policy, enforced, would have done to the calls that were made, by the evaluator that decides on real ones. */
export function NewPreview({ past, lint, target }: Props) {
  const whole = useId();
  const [folded, setFolded] = useState(true);
  return (
    <section className={styles.preview} aria-label="Preview" data-folded={folded || undefined}>
      <div className={styles.line}>
        <p role="status">{lineOf(past)}</p>
        <Button small kind="plain" aria-expanded={!folded} aria-controls={whole} onClick={() => setFolded(!folded)}>
          {folded ? 'Show preview' : 'Hide preview'}
        </Button>
      </div>
      <div id={whole} className={styles.whole}>
        <Whole past={past} lint={lint} target={target} />
      </div>
    </section>
  );
}

function Whole({ past, lint, target }: Props) {
  const { answer, error, is_old, is_asked, synthetic, setSynthetic } = past;
  const hit = answer?.result?.first_hit;
  return (
    <>
      <h2>Preview over the past</h2>
      <SelectField label="Over" value={past.hours} choices={spans} onChoose={past.setHours} />
      <CheckField label="Also runs of tests and demos" checked={synthetic} onChange={setSynthetic} />
      {!is_asked && <p className="quiet">{lineOf(past)}</p>}
      {is_asked && error && <Failed what="The preview failed" error={error} />}
      {is_asked && !error && <Progress preview={answer} is_old={is_old} />}
      {is_asked && answer?.result && (
        <div className={is_old ? styles.old : undefined}>
          <Outcome result={answer.result} />
          {answer.result.runs.matched === 0 && !synthetic && (
            <LinkButton onClick={() => setSynthetic(true)}>Look at runs of tests and demos too</LinkButton>
          )}
        </div>
      )}
      {lint && lint.deciding.length > 0 && (
        <Deciding
          lint={lint}
          target={target}
          own_days={hit && hit.days > 0 ? { hit: hit.days_hit, of: hit.days } : null}
        />
      )}
    </>
  );
}

function Progress({ preview, is_old }: { preview: Preview | null; is_old: boolean }) {
  if (!preview) return <Skeleton rows={4} />;
  if (preview.status === 'failed') return <p role="alert">{preview.error ?? 'It could not be computed.'}</p>;
  if (!is_old && preview.status !== 'running') return null;
  const { calls_done, calls_total } = preview;
  return (
    <p className="quiet" role="status">
      Computing …
      {!is_old && calls_total !== null && ` ${exactText(calls_done)} of about ${exactText(calls_total)} calls`}
    </p>
  );
}

type Result = NonNullable<Preview['result']>;

function Outcome({ result }: { result: Result }) {
  const { runs, first_hit, calls } = result;
  if (runs.matched === 0)
    return (
      <p>
        No run of this target in this time: {exactText(calls.looked_at)} calls were looked at. A wider target or a
        longer time may say more.
      </p>
    );
  return (
    <div className={styles.findings} style={{ border: 0, padding: 0 }}>
      <p className={styles.headline} aria-live="polite">
        {headlineOf(result)}
      </p>
      <p className="quiet">
        on {first_hit.days_hit} of {first_hit.days} {first_hit.days === 1 ? 'day' : 'days'}
        {first_hit.typical && `, typically from ${first_hit.typical} (${result.timezone})`}
      </p>
      <Days result={result} />
      <ul className={styles.lines}>
        <li>
          Spend not made: <strong>{moneyText(result.spend_not_made_usd)}</strong> of {moneyText(result.spend_usd)}
        </li>
        {result.alerts.channels.map(({ channel, alerts }) => (
          <li key={channel}>
            Alerts over {channel}: {exactText(alerts)}
          </li>
        ))}
        <Fates result={result} />
        <Whom result={result} />
      </ul>
      {result.diff && (
        <p>
          Against the policy as it is (v{result.diff.version}): {exactText(result.diff.runs.newly_stopped)} runs newly
          stopped, {exactText(result.diff.runs.no_longer_stopped)} no longer stopped.
        </p>
      )}
      <Examples result={result} />
      {result.caveats.map((caveat) => (
        <p key={caveat} className="quiet">
          <Said text={caveat} />
        </p>
      ))}
    </div>
  );
}

const fates = [
  ['killed', 'killed'],
  ['blocked', 'blocked'],
  ['paused', 'held'],
  ['warned', 'warned'],
  ['noted', 'only noted'],
] as const;

/** What would become of runs, where it is more than one thing. */
function Fates({ result: { affected } }: { result: Result }) {
  const told = fates.filter(([fate]) => affected[fate].runs > 0);
  if (told.length < 2) return null;
  return <li>Runs: {told.map(([fate, word]) => `${exactText(affected[fate].runs)} ${word}`).join(', ')}</li>;
}

/** Who would be hit, the most of it first. */
function Whom({ result: { whom } }: { result: Result }) {
  const [of, one, many] =
    whom.actors.distinct > 0 ? [whom.actors, 'person', 'people'] : [whom.agents, 'agent', 'agents'];
  if (of.top.length === 0) return null;
  const named = of.top.map(({ id, name, share }) => `${percentText(share)} at ${name ?? id}`);
  return (
    <li>
      {exactText(of.distinct)} {of.distinct === 1 ? one : many}: {named.join(', ')}
    </li>
  );
}

function Days({ result: { by_day } }: { result: Result }) {
  const most = Math.max(1, ...by_day.map(({ calls }) => calls));
  const hits = by_day.map((day) => day.paused + day.blocked + day.killed + day.not_counted);
  const total = hits.reduce((sum, hit) => sum + hit, 0);
  return (
    <div
      className={styles.bars}
      role="img"
      aria-label={`Calls by day, ${by_day.length} days, ${exactText(total)} calls not made; hatched are those`}
    >
      {by_day.map(({ day, calls }, n) => (
        <span key={day} title={`${day}: ${exactText(calls)} calls, ${exactText(hits[n] ?? 0)} not made`}>
          <i
            data-stopped
            style={{ height: `${(100 * (hits[n] ?? 0)) / most}%`, display: hits[n] ? 'block' : 'none' }}
          />
          <i style={{ height: `${(100 * (calls - (hits[n] ?? 0))) / most}%` }} />
        </span>
      ))}
    </div>
  );
}

const first_examples = 5;

function Examples({ result: { examples } }: { result: Result }) {
  const [whole, setWhole] = useState(false);
  if (examples.length === 0) return null;
  const more = examples.length - first_examples;
  return (
    <>
      <h3>Examples</h3>
      <ul className={styles.lines}>
        {examples.slice(0, whole ? undefined : first_examples).map(({ run_id, step_id, reason }) => (
          <li key={run_id}>
            <Link href={stepHref(run_id, step_id)}>
              <code>{shortId(run_id)}</code>
            </Link>{' '}
            <span className="quiet">
              <Said text={reason} />
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && !whole && (
        <div>
          <LinkButton onClick={() => setWhole(true)}>{more} more</LinkButton>
        </div>
      )}
    </>
  );
}
