import { ChevronDown, ChevronRight } from 'lucide-react';
import { memo } from 'react';
import { Money } from '../../ui/Amount.tsx';
import { durationText, moneyText, tokensText } from '../../ui/format.ts';
import { Glyph } from '../../ui/Glyph.tsx';
import { barOf, type Lanes, row_px } from './lanes.ts';
import { hasFailed, markOf, type ShownStep, stepName } from './step-words.ts';
import styles from './Timeline.module.css';
import { type IdleRow, type StepRow, usdOf } from './timeline-layout.ts';

interface Place {
  index: number;
  id: string;
}

interface Props extends Place {
  row: StepRow<ShownStep>;
  lanes: Lanes;
  is_chosen: boolean;
  is_found: boolean;
  broken: string | undefined;
  /** Null: it holds no other step. */
  is_folded: boolean | null;
  onFold: (step_id: string) => void;
  onChoose: (step_id: string) => void;
}

const indent_px = 12;
const deepest = 8;

/** While the steps scroll, lines that stay in sight are not made again. */
export const StepLine = memo((props: Props) => {
  const { row, index, id, lanes, is_chosen, is_found, broken, is_folded, onFold, onChoose } = props;
  const { step, depth } = row;
  const tries = (row.tries ?? [row]).map((one) => one.step);
  const mark = markOf(step) ?? tries.map(markOf).find((one) => one !== null) ?? null;
  const counted = tries.filter(({ input_tokens }) => input_tokens !== null);
  const tokens = counted.reduce((sum, one) => sum + (one.input_tokens ?? 0) + (one.output_tokens ?? 0), 0);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
    <div
      id={id}
      role="row"
      tabIndex={-1}
      aria-level={depth + 1}
      aria-expanded={is_folded === null ? undefined : !is_folded}
      aria-rowindex={index + 2}
      aria-selected={is_chosen}
      className={`${styles.row} ${is_found ? styles.found : ''}`}
      style={{ top: index * row_px }}
      onClick={() => onChoose(step.id)}
    >
      <span
        role="gridcell"
        tabIndex={-1}
        style={{ color: mark ? `var(--${mark.tone})` : undefined }}
        title={mark?.word}
      >
        {mark && (
          <>
            <Glyph name={mark.glyph} /> <span className="only-read">{mark.word}</span>
          </>
        )}
      </span>
      <span
        role="gridcell"
        tabIndex={-1}
        className="cut"
        style={{ paddingLeft: Math.min(depth, deepest) * indent_px }}
        title={`${stepName(step)}, ${step.kind}, ${durationText(step.duration_ms)}`}
      >
        {is_folded !== null && <Fold is_folded={is_folded} onFold={() => onFold(step.id)} />}
        {depth > deepest && <span className="faint">·{depth} </span>}
        {stepName(step)}{' '}
        <span className="quiet">
          {step.kind}
          {tries.length > 1 && ` · ${tries.length} tries`}
        </span>
        {step.status !== 'succeeded' && step.status !== 'blocked' && (
          <span style={{ color: hasFailed(step) ? 'var(--crit)' : 'var(--info)' }}> {step.status}</span>
        )}
      </span>
      <span role="gridcell" tabIndex={-1} className={styles.lane}>
        {broken !== undefined && <Broken name={broken} at={barOf(row, lanes)[1]} />}
        <span className="only-read">{durationText(row.to_ms - row.from_ms)}</span>
      </span>
      <span role="gridcell" tabIndex={-1} className="number">
        {counted.length > 0 && tokensText(tokens)}
      </span>
      <span role="gridcell" tabIndex={-1} className="number">
        {row.tries ? <CostOfTries of={row.tries} /> : <Cost of={step} />}
      </span>
      <span role="gridcell" tabIndex={-1} className="number quiet" title={`$${usdOf(row.after)}`}>
        {moneyText(usdOf(row.after))}
      </span>
    </div>
  );
});

function CostOfTries({ of }: { of: readonly StepRow<ShownStep>[] }) {
  const nano = of.reduce((sum, { before, after }) => sum + after - before, 0);
  return nano === 0 ? null : <Money usd={usdOf(nano)} />;
}

/** The keys of the grid do the same, so it takes no place in the order of Tab. */
function Fold({ is_folded, onFold }: { is_folded: boolean; onFold: () => void }) {
  const Sign = is_folded ? ChevronRight : ChevronDown;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles.fold}
      aria-label={is_folded ? 'Show its parts' : 'Hide its parts'}
      onClick={(event) => {
        event.stopPropagation();
        onFold();
      }}
    >
      <Sign size={12} aria-hidden="true" />
    </button>
  );
}

/** Which limit the run broke here, beside the end of the bar and on the side that has room. */
function Broken({ name, at }: { name: string; at: number }) {
  const place = at > 0.6 ? { right: `${(1 - at) * 100 + 2}%` } : { left: `${at * 100 + 2}%` };
  return (
    <span className={styles.broken} style={place}>
      over {name}
    </span>
  );
}

function Cost({ of }: { of: ShownStep }) {
  if (of.cost_usd !== null) return Number(of.cost_usd) === 0 ? null : <Money usd={of.cost_usd} />;
  if (of.record_id === null) return null;
  return (
    <span className="faint" title="The model has no price: this call is in no sum">
      no price
    </span>
  );
}

export function IdleLine({ row, index, id, onIdle }: { row: IdleRow; onIdle: () => void } & Place) {
  return (
    <div
      id={id}
      role="row"
      tabIndex={-1}
      aria-level={1}
      aria-rowindex={index + 2}
      className={styles.row}
      style={{ top: index * row_px }}
    >
      <span role="gridcell" tabIndex={-1} />
      <span role="gridcell" tabIndex={-1} className="cut quiet">
        <button type="button" className={styles.idle} onClick={onIdle} tabIndex={-1}>
          (idle {durationText(row.to_ms - row.from_ms)})
        </button>
      </span>
      <span role="gridcell" tabIndex={-1} />
      <span role="gridcell" tabIndex={-1} />
      <span role="gridcell" tabIndex={-1} />
      <span role="gridcell" tabIndex={-1} className="number quiet">
        {moneyText(usdOf(row.after))}
      </span>
    </div>
  );
}
