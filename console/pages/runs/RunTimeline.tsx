import { useMemo } from 'react';
import type { Decision } from '../../parts/DecisionWords.tsx';
import { useKept } from '../../parts/kept.ts';
import { Empty, Failed, Loading } from '../../ui/States.tsx';
import { useNow } from '../../ui/Time.tsx';
import { costLines } from './cost-lines.ts';
import { holdersOf, unfolded } from './folding.ts';
import { costLanes, type Lanes } from './lanes.ts';
import styles from './Run.module.css';
import type { RunDetail } from './RunHead.tsx';
import type { useSteps } from './run-steps.ts';
import { StepPanel } from './StepPanel.tsx';
import { hasFailed, markOf, type ShownStep } from './step-words.ts';
import { Timeline } from './Timeline.tsx';
import type { Tools } from './TimelineTools.tsx';
import { crossingOf, rowsOf, timeScale } from './timeline-layout.ts';
import { triesOf, triesTogether } from './tries.ts';

interface Props {
  run: RunDetail;
  read: ReturnType<typeof useSteps>;
  steps: readonly ShownStep[];
  tools: Tools;
  decisions: readonly Decision[];
  /** Its decisions were read, and none was made under a limit. */
  is_ungoverned: boolean;
}

/** The steps on their lanes, and the chosen one beside them. */
export function RunTimeline({ run, read, steps, tools, decisions, is_ungoverned }: Props) {
  const { by, is_whole, chosen, choose } = tools;
  const now = useNow();
  const grows = steps.some(({ ended_at }) => ended_at === null) ? now : 0;
  const whole = useMemo(() => rowsOf(steps, grows), [steps, grows]);
  const { folded, turn } = useFolded(run.id);
  const holders = useMemo(() => holdersOf(steps), [steps]);
  const rows = useMemo(() => {
    // On the scale of cost each try has its own, and where only some steps are shown it is shown why.
    if (tools.steps === steps) return by === 'cost' ? unfolded(whole, folded) : triesTogether(unfolded(whole, folded));
    const kept = new Set(tools.steps.map(({ id }) => id));
    return whole.filter((row) => row.kind === 'step' && kept.has(row.step.id));
  }, [whole, steps, tools.steps, folded, by]);
  const costs = useMemo(() => costLines(decisions, whole), [decisions, whole]);
  const lanes = useMemo<Lanes>(
    () => (by === 'cost' ? costLanes(whole, costs.lines) : { by: 'time', scale: timeScale(whole, is_whole) }),
    [by, whole, costs, is_whole],
  );
  const broken = useMemo(() => {
    const by_row = new Map<number, string>();
    for (const line of by === 'cost' ? costs.lines : []) {
      const at = crossingOf(rows, line, costs.asked);
      if (at !== null) by_row.set(at, [by_row.get(at), line.name].filter(Boolean).join(', '));
    }
    return by_row;
  }, [by, rows, costs]);
  const found = useMemo(() => new Set(tools.found), [tools.found]);
  // The run is read less often than its steps: for a moment there are more of them than it says.
  const listed = rows.reduce((sum, row) => sum + (row.kind === 'idle' ? 0 : (row.tries?.length ?? 1)), 0);
  const shown = steps.find(({ id }) => id === chosen) ?? (chosen === '' ? firstOf(steps) : undefined);

  if (read.error && steps.length === 0)
    return <Failed what="The steps could not be loaded" error={read.error} onRetry={() => void read.more()} />;
  if (steps.length === 0)
    return read.is_whole ? <Empty title="No step yet">{nothingYet(run)}</Empty> : <Loading what="steps" />;
  return (
    <>
      <div className={styles.both}>
        <Timeline
          rows={rows}
          lanes={lanes}
          broken={broken}
          chosen={shown?.id ?? null}
          is_asked={chosen !== ''}
          onChoose={choose}
          onIdle={tools.turnIdle}
          is_open={run.ended_at === null}
          found={found}
          step_px={tools.step_px}
          onStepPx={tools.setStepPx}
          holders={holders}
          folded={folded}
          onFold={turn}
        />
        {shown ? (
          <StepPanel step={shown} tries={triesOf(shown, steps)} onTry={choose} />
        ) : (
          <aside className={styles.panel} aria-label="The chosen step">
            <p className="quiet">{read.is_whole ? 'The step is not one of this run.' : 'The step is being loaded.'}</p>
          </aside>
        )}
      </div>
      <p className={styles.extent}>
        {listed} of {Math.max(listed, run.steps_count)} steps
        {!read.is_whole && ', more are being loaded'}
        {is_ungoverned && ' · no limit governs this run'}
      </p>
    </>
  );
}

interface Folded {
  run_id: string;
  steps: readonly string[];
}

/** What was folded stays so in this browser until another run is folded; nothing folds by itself. */
function useFolded(run_id: string) {
  const [kept, keep] = useKept<Folded>('aos.folded');
  const folded = useMemo(() => new Set(kept?.run_id === run_id ? kept.steps : []), [kept, run_id]);
  const turn = (id: string) => {
    const steps = folded.has(id) ? [...folded].filter((other) => other !== id) : [...folded, id];
    keep(steps.length === 0 ? null : { run_id, steps });
  };
  return { folded, turn };
}

/** Without a choice, what most wants to be seen: the first step that was stopped, or failed, or the first of all. */
const firstOf = (steps: readonly ShownStep[]): ShownStep | undefined =>
  steps.find((step) => markOf(step)?.tone === 'crit') ?? steps.find(hasFailed) ?? steps[0];

const nothingYet = ({ ended_at }: RunDetail): string =>
  ended_at === null ? 'Steps appear here as they end.' : 'It ended before anything was asked.';
