import styles from './UsageBars.module.css';

export interface UsageBin {
  from: number;
  to: number;
  windows: number;
}

interface Props {
  bins: readonly UsageBin[];
  /** Where the limit is; null: nobody has said. */
  limit: number | null;
  /** The whole in one sentence. */
  label: string;
  amountText: (amount: number) => string;
}

const height = 72;
/** An end whose text the limit would touch, in percent of the width, has none. */
const room = 35;

/** How many windows used how much, with the limit as a line; what is beyond it is hatched. */
export function UsageBars({ bins, limit, label, amountText }: Props) {
  const end = Math.max(bins.at(-1)?.to ?? 0, limit ?? 0);
  const most = Math.max(1, ...bins.map(({ windows }) => windows));
  const percent = (amount: number) => (end === 0 ? 0 : (100 * amount) / end);
  return (
    <figure className={styles.figure}>
      <div className={styles.bars} role="img" aria-label={label} style={{ height }}>
        {bins.map(({ from, to, windows }) => (
          <span
            key={from}
            data-beyond={limit !== null && to > limit ? true : undefined}
            title={`${amountText(from)} to ${amountText(to)}: ${windows}`}
            style={{
              left: `${percent(from)}%`,
              width: `calc(${percent(to - from)}% - 2px)`,
              height: windows === 0 ? 0 : Math.max(2, (windows / most) * (height - 2)),
            }}
          />
        ))}
        {limit !== null && <i style={{ left: `${percent(limit)}%` }} />}
      </div>
      <div className={styles.ends} aria-hidden="true">
        <span>{(limit === null || percent(limit) >= room) && amountText(0)}</span>
        {limit !== null && (
          <span className={styles.limit} style={{ left: `${percent(limit)}%`, translate: `${-percent(limit)}%` }}>
            limit {amountText(limit)}
          </span>
        )}
        <span>{(limit === null || percent(limit) <= 100 - room) && amountText(end)}</span>
      </div>
    </figure>
  );
}
