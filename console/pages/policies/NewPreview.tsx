import { useId, useState } from 'react';
import { Link } from 'wouter';
import type { DraftTarget } from '../../parts/policy-draft.ts';
import { CheckField } from '../../parts/RadioField.tsx';
import type { Lint, Preview } from '../../parts/settled.ts';
import { stepHref } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { exactText, moneyText, percentText, shortId } from '../../ui/format.ts';
import { Failed, Skeleton } from '../../ui/States.tsx';
import { Deciding } from './Deciding.tsx';
import styles from './New.module.css';
import { NewNoHistory } from './NewNoHistory.tsx';
import { NewOver } from './NewOver.tsx';
import { changeOf, headlineOf, lineOf, type Past } from './new-past.ts';

interface Props {
  past: Past;
  lint: Lint | null;
  target: DraftTarget;
  onTarget: (target: DraftTarget) => void;
}

/** What the policy, enforced, would have done to the calls that were made, by the evaluator that decides on real ones. */
export function NewPreview(props: Props) {
  const whole = useId();
  const [folded, setFolded] = useState(true);
  return (
    <section className={styles.preview} aria-label="Preview" data-folded={folded || undefined}>
      <div className={styles.line}>
        <p role="status">{lineOf(props.past)}</p>
        <Button small kind="plain" aria-expanded={!folded} aria-controls={whole} onClick={() => setFolded(!folded)}>
          {folded ? 'Show preview' : 'Hide preview'}
        </Button>
      </div>
      <div id={whole} className={styles.whole}>
        <Whole {...props} />
      </div>
    </section>
  );
}

function Whole({ past, lint, target, onTarget }: Props) {
  const { answer, error, is_old, synthetic, setSynthetic } = past;
  const is_asked = past.is_asked && past.wrong === null;
  const result = answer?.result;
  const hit = result?.first_hit;
  return (
    <>
      <h2>Preview over the past</h2>
      <NewOver past={past} />
      <CheckField label="Also runs of tests and demos" checked={synthetic} onChange={setSynthetic} />
      {!is_asked && <p className="quiet">{lineOf(past)}</p>}
      {is_asked && error && <Failed what="The preview failed" error={error} />}
      {is_asked && !error && <Progress past={past} />}
      {is_asked && result && (
        <div className={is_old ? styles.old : undefined} aria-busy={is_old && !past.is_cancelled}>
          {result.runs.matched > 0 ? (
            <Outcome result={result} />
          ) : (
            <NewNoHistory
              looked_at={result.calls.looked_at}
              target={target}
              synthetic={synthetic}
              onSynthetic={() => setSynthetic(true)}
              onTarget={onTarget}
            />
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

/** How far it is, and a way to call it off, or to begin again. */
function Progress({ past }: { past: Past }) {
  const { answer, is_old, is_cancelled, cancel } = past;
  if (!is_cancelled && answer?.status === 'failed')
    return <p role="alert">{answer.error ?? 'It could not be computed.'}</p>;
  if (!is_old) return null;
  return (
    <>
      <div className={styles.computing}>
        <p className="quiet" role="status">
          {is_cancelled ? 'Cancelled.' : computingWords(answer)}
          {answer?.result && ' What stands below is of before.'}
        </p>
        <Button small onClick={() => cancel(!is_cancelled)}>
          {is_cancelled ? 'Compute' : 'Cancel'}
        </Button>
      </div>
      {!is_cancelled && !answer?.result && <Skeleton rows={4} />}
    </>
  );
}

function computingWords(preview: Preview | null): string {
  if (preview?.status !== 'running' || preview.calls_total === null) return 'Computing …';
  return `Computing … ${exactText(preview.calls_done)} of about ${exactText(preview.calls_total)} calls.`;
}

type Result = NonNullable<Preview['result']>;

function Outcome({ result }: { result: Result }) {
  const { first_hit } = result;
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
      {result.diff && <p>{changeOf(result.diff)}</p>}
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
