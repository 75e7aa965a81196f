import { Link } from 'wouter';
import type { Item } from '../api.ts';
import { hrefOf } from '../paths.ts';
import { Said } from '../ui/Amount.tsx';
import { Glyph, type GlyphName } from '../ui/Glyph.tsx';
import { Instant } from '../ui/Time.tsx';
import styles from './Timeline.module.css';

type Entry = Item<'listIncidentTimeline'>;

const day = (at: string): string => at.slice(0, 10);

/** What happened, in order, with the day said where it changes. */
export function Timeline({ entries, own_id }: { entries: readonly Entry[]; own_id: string }) {
  return (
    <ol className={styles.list}>
      {entries.map((entry, at) => {
        const before = entries[at - 1];
        return (
          <li key={entry.id}>
            {(before === undefined || day(before.at) !== day(entry.at)) && (
              <div className={styles.day}>{day(entry.at)} UTC</div>
            )}
            <div className={`${styles.entry} ${entry.level === 'detail' ? styles.detail : ''}`}>
              <Mark entry={entry} />
              <Instant at={entry.at} clock />
              <div>
                <What entry={entry} own_id={own_id} />
                <Who entry={entry} />
                {entry.reason && entry.reason !== entry.text && (
                  <div className={styles.why}>
                    <Said text={entry.reason} />
                  </div>
                )}
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function What({ entry, own_id }: { entry: Entry; own_id: string }) {
  const leads_on = entry.object_id !== own_id && /^(run|pol|dec)_/.test(entry.object_id);
  return leads_on ? (
    <Link href={hrefOf(entry.object_id)}>
      <Said text={entry.text} />
    </Link>
  ) : (
    <span>
      <Said text={entry.text} />
    </span>
  );
}

/** Done by a policy to a call: whoever stands behind the call did not do it. */
const of_calls: ReadonlySet<string> = new Set(['ACCESS_DENIED', 'LIMIT_BREACHED', 'LIMIT_WARNED']);

function Who({ entry }: { entry: Entry }) {
  if (entry.actor_id === null || entry.actor_type === 'system') return null;
  const name = entry.actor_name ?? entry.actor_id;
  return <span className="quiet">{of_calls.has(entry.event) ? ` for a call of ${name}` : ` by ${name}`}</span>;
}

const marks: Readonly<Record<string, { glyph: GlyphName; tone: string }>> = {
  INCIDENT_CREATED: { glyph: 'square', tone: 'crit' },
  INCIDENT_RAISED: { glyph: 'square', tone: 'crit' },
  INCIDENT_ACKNOWLEDGED: { glyph: 'triangle', tone: 'warn' },
  INCIDENT_RESOLVED: { glyph: 'check', tone: 'ok' },
  INCIDENT_REOPENED: { glyph: 'dot', tone: 'crit' },
  RUN_KILLED: { glyph: 'cross', tone: 'crit' },
  RUN_CANCELLED: { glyph: 'cross', tone: 'crit' },
  ALERT: { glyph: 'triangle', tone: 'warn' },
  VIOLATION: { glyph: 'circle', tone: 'crit' },
};

function Mark({ entry }: { entry: Entry }) {
  const dead = entry.kind === 'delivery' && entry.status === 'dead';
  const { glyph, tone } = dead
    ? { glyph: 'cross' as const, tone: 'crit' }
    : (marks[entry.event] ?? { glyph: 'circle' as const, tone: 'text-3' });
  return (
    <span className={styles.mark} style={{ color: `var(--${tone})` }}>
      <Glyph name={glyph} size={10} />
    </span>
  );
}
