import { naming } from '@aos/core/activity/named.ts';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Answer } from '../../api.ts';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { useKeys } from '../../parts/keys.ts';
import { OpenIncident } from '../../parts/OpenIncident.tsx';
import { useRunActions } from '../../parts/RunActions.tsx';
import { useMay } from '../../parts/session.ts';
import { plainWords, runState, State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Money } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { durationText, exactText, shortId, tokensText } from '../../ui/format.ts';
import { useKeyWords } from '../../ui/key-words.ts';
import { useNow } from '../../ui/Time.tsx';
import styles from './Run.module.css';
import { useQuestions } from './RunApproval.tsx';
import type { ShownStep } from './step-words.ts';

export type RunDetail = Answer<'getRun'>;

/** Its state, how long it has taken, and who asked for it. */
export function RunAbout({ run }: { run: RunDetail }) {
  const now = useNow();
  const has_question = useQuestions(run.id).length > 0;
  // Whoever paused it lets it wait for that and not for an answer.
  const waits = run.ended_at === null && has_question && (run.pause === null || run.pause.by.kind === 'policy');
  const begun = Date.parse(run.started_at ?? run.created_at);
  const ended = run.ended_at === null ? now : Date.parse(run.ended_at);
  const filtered = (name: string, value: string) =>
    `/activity/completed?${new URLSearchParams({ [name]: naming(value) })}`;
  return (
    <div className={styles.about}>
      <State of="run" state={waits ? 'waiting' : runState(run)} />
      <span>{durationText(ended - begun)}</span>
      {run.is_synthetic && <span className={styles.synthetic}>synthetic</span>}
      {run.agent_slug && (
        <span>
          <span className="quiet">agent</span> <Link href={filtered('agent', run.agent_slug)}>{run.agent_slug}</Link>
        </span>
      )}
      {run.actor_slug && (
        <span>
          <span className="quiet">actor</span> <Link href={filtered('actor', run.actor_slug)}>{run.actor_slug}</Link>{' '}
          <span
            className="faint"
            title={run.identity === 'bound' ? 'The key proves it' : 'The caller said so; its key is bound to nobody'}
          >
            ({run.identity})
          </span>
        </span>
      )}
      <span>
        <span className="quiet">key</span>{' '}
        <Link href={hrefOf(run.api_key_id)} title={run.api_key_id}>
          {run.api_key_name ?? <code>{shortId(run.api_key_id)}</code>}
        </Link>
      </span>
      {run.session_external_id && (
        <span>
          <span className="quiet">session</span>{' '}
          <Link href={filtered('session', run.session_external_id)}>{run.session_external_id}</Link>
          {run.session_place && (
            <span className="faint">
              {' '}
              ({exactText(run.session_place.nth)} of {exactText(run.session_place.of)})
            </span>
          )}
        </span>
      )}
    </div>
  );
}

/** What it was asked for and what it took. */
export function RunFacts({ run, steps }: { run: RunDetail; steps: readonly ShownStep[] }) {
  const models = [...new Set(steps.flatMap(({ model }) => model ?? []))];
  return (
    <div className={styles.facts}>
      {run.goal && <span className={styles.goal}>“{run.goal}”</span>}
      <span>
        {models.length > 0 && `${models.join(', ')} · `}
        {run.steps_count} {run.steps_count === 1 ? 'step' : 'steps'} · {tokensText(run.input_tokens)} in /{' '}
        {tokensText(run.output_tokens)} out ·{' '}
        <strong>
          <Money usd={run.estimated_cost_usd} />
        </strong>
        {run.termination_reason && run.termination_reason !== 'COMPLETED' && !run.kill && (
          <> · ended because: {plainWords(run.termination_reason).toLowerCase()}</>
        )}
      </span>
    </div>
  );
}

/** Pausing, killing, and taking the run elsewhere. */
export function useRunCommands(run: RunDetail | undefined) {
  const actions = useRunActions();
  const { onKey } = actions;
  const kill = () => run && onKey('K', run);
  useKeys({ p: () => run && onKey('p', run), K: kill });
  useKeyWords(run?.ended_at === null ? { p: 'Pause or resume the run', '⇧K': 'Kill the run' } : {});
  const may = useMay('operate');
  const [is_opening, setOpening] = useState(false);
  if (!run) return { buttons: null, dialog: null };
  const is_open = run.ended_at === null;
  const buttons = (
    <>
      {is_open && (
        <>
          <Button hint="p" disabled={!actions.may} onClick={() => actions.toggle(run)}>
            {run.hold !== 'paused' ? 'Pause' : run.pause?.by.kind === 'policy' ? 'Resume…' : 'Resume'}
          </Button>
          <Button kind="danger" hint="⇧K" disabled={!actions.may} onClick={() => actions.kill(run)}>
            Kill…
          </Button>
        </>
      )}
      {may && run.incident_ids.length === 0 && <Button onClick={() => setOpening(true)}>Open incident…</Button>}
      <ElsewhereMenu
        what="run"
        of="getRun"
        input={{ params: { id: run.id } }}
        command={`npx aos runs show ${run.id}`}
      />
    </>
  );
  const opening = is_opening && <OpenIncident run_id={run.id} onClose={() => setOpening(false)} />;
  return { buttons, dialog: opening || actions.dialog };
}
