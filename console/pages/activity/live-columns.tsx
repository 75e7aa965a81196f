import { useEffect } from 'react';
import { limitsOf } from '../../parts/limit-state.ts';
import { useLatestDecisions, useLimitStates } from '../../parts/limit-states.ts';
import type { RunRow } from '../../parts/run-columns.tsx';
import { perText } from '../../parts/window-words.ts';
import { State } from '../../parts/words.tsx';
import { amountText, percentText } from '../../ui/format.ts';
import { Glyph } from '../../ui/Glyph.tsx';
import { Meter } from '../../ui/Meter.tsx';
import type { Column } from '../../ui/Table.tsx';
import styles from './Activity.module.css';

const every_ms = 5_000;

/** Its latest decision, asked for again whenever the run has made another call: once, though several cells show it. */
function useLatest(run: RunRow) {
  const { data, refetch } = useLatestDecisions(run.id, 1);
  const calls = run.calls + run.refused_calls;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another call is another decision
  useEffect(() => void refetch({ cancelRefetch: false }), [calls, refetch]);
  return data?.items ?? [];
}

export function TightestLimit({ run }: { run: RunRow }) {
  const { states } = useLimitStates(limitsOf(useLatest(run)), every_ms);
  // One in shadow stops nothing: it is shown only where no other governs the run.
  const tightest = states.find(({ limit }) => limit.mode !== 'shadow') ?? states[0];
  if (!tightest) return <span className="faint">no limit</span>;
  const { limit, gauge, fill } = tightest;
  const words = `${percentText(fill.used + fill.held)} of ${amountText(gauge.cap, gauge.unit)}${perText(limit.limit)}`;
  const is_shadow = limit.mode === 'shadow';
  return (
    <span
      className={styles.tight}
      title={`${limit.policy_name}: ${limit.title}, ${words}${is_shadow ? ', in shadow: it stops nothing' : ''}`}
    >
      <Meter used={fill.used} held={fill.held} tone={fill.tone} label={`${limit.policy_name}: ${limit.title}`} />
      <span className="cut">
        {is_shadow && (
          <span style={{ color: 'var(--shadow)' }}>
            <Glyph name="flag" /> <span className="only-read">in shadow </span>
          </span>
        )}
        <span>{words}</span>
      </span>
    </span>
  );
}

function LastDecision({ run }: { run: RunRow }) {
  const [last] = useLatest(run);
  if (!last) return null;
  return <State of="verdict" state={last.verdict} bare />;
}

/** What its latest call asked for. */
function CurrentStep({ run }: { run: RunRow }) {
  const [last] = useLatest(run);
  const { kind, model, tools } = (last?.call ?? {}) as { kind?: string; model?: string | null; tools?: string[] };
  const name = model ?? tools?.[0];
  if (kind === undefined) return <span className="faint">none yet</span>;
  return (
    <span title={`${kind} ${name ?? ''}`}>
      <span className="quiet">{kind}</span> {name}
    </span>
  );
}

export const current_step: Column<RunRow> = {
  id: 'step',
  title: 'Current step',
  width: 'minmax(84px, 1fr)',
  from: 1000,
  cell: (run) => <CurrentStep run={run} />,
};

export const tightest: Column<RunRow> = {
  id: 'tightest',
  title: 'Tightest limit',
  width: 'minmax(168px, 208px)',
  cell: (run) => <TightestLimit run={run} />,
};

export const last_decision: Column<RunRow> = {
  id: 'decision',
  title: 'Last decision',
  width: '80px',
  cell: (run) => <LastDecision run={run} />,
};
