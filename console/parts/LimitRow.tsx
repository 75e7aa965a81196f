import { Link } from 'wouter';
import { hrefOf } from '../paths.ts';
import { Status } from '../ui/Chip.tsx';
import { amountText, clockText, instantText, percentText, relativeText } from '../ui/format.ts';
import { Meter } from '../ui/Meter.tsx';
import { useNow } from '../ui/Time.tsx';
import { fillOf, type Gauge, type Limit } from './gauge.ts';
import styles from './LimitRow.module.css';
import { windowWords } from './window-words.ts';
import { consequenceOf } from './words.tsx';

interface Props {
  limit: Limit;
  gauge: Gauge;
  /** When it was so; null: it is so now. */
  as_of?: string | null;
  /** What it is by now, of one that was so before. */
  now?: Gauge | null;
}

/** One balance of one limit: what is used and held of what is allowed, what happens at the end, and when that is. */
export function LimitRow({ limit, gauge, as_of = null, now = null }: Props) {
  const { used, held, tone } = fillOf(gauge, limit);
  const has_held = Number(gauge.pending) > 0;
  const { unit } = gauge;
  return (
    <div className={styles.row}>
      <Link href={hrefOf(limit.policy_id)} className="cut" title={`${limit.policy_name} v${limit.policy_version}`}>
        {limit.policy_name}
      </Link>
      <span className="cut quiet" title={countedText(limit, gauge)}>
        {limit.title} {windowWords(limit.limit).replace(/,.*/, '')}
      </span>
      <span className="cut">
        {amountText(gauge.posted, unit)}
        {has_held && ` + ${amountText(gauge.pending, unit)}`} / {amountText(gauge.cap, unit)}
      </span>
      <Meter
        used={used}
        held={held}
        ticks={limit.alert_tiers.map((tier) => tier / 100)}
        tone={tone}
        label={`${limit.policy_name}: ${limit.title}`}
      />
      <span className="number">{percentText(used + held)}</span>
      <span>
        {limit.mode === 'shadow' ? `would ${consequenceOf(limit.action).toLowerCase()}` : consequenceOf(limit.action)}
      </span>
      {as_of === null ? (
        <Ending gauge={gauge} full={used + held >= 1} />
      ) : (
        <span className="quiet" title={`So it was at the last decision, ${instantText(Date.parse(as_of))}`}>
          as of {clockText(Date.parse(as_of))} UTC
          {now && `, now ${amountText(now.posted, unit)} / ${amountText(now.cap, unit)}`}
        </span>
      )}
    </div>
  );
}

/** What it counts, over which time, for whom, and of when the figures are. */
function countedText({ title, limit, count_per, generated_at }: Limit, { resets_at }: Gauge): string {
  const whose =
    count_per === 'together' ? 'all counted together' : `counted for each ${count_per.replaceAll('_', ' ')}`;
  const resets = resets_at === null ? '' : `; resets ${instantText(Date.parse(resets_at))}`;
  return `${title} ${windowWords(limit)}, ${whose}${resets}; as of ${clockText(Date.parse(generated_at))} UTC`;
}

function Ending({ gauge, full }: { gauge: Gauge; full: boolean }) {
  const now = useNow();
  const { empties_at, resets_at, unit, burn } = gauge;
  if (full)
    return (
      <Status tone="crit" glyph="square">
        full{resets_at && `, resets ${relativeText(Date.parse(resets_at), now)}`}
      </Status>
    );
  if (empties_at)
    return (
      <Status tone="warn" glyph="triangle">
        empties {relativeText(Date.parse(empties_at), now)} ({amountText(burn, unit)}/min)
      </Status>
    );
  if (resets_at)
    return (
      <span className="quiet cut" title={`${resets_at} (UTC)`}>
        resets {relativeText(Date.parse(resets_at), now)}
      </span>
    );
  return <span className="faint">no reset</span>;
}
