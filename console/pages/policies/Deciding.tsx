import { Link } from 'wouter';
import { useApi } from '../../api.ts';
import { fillOf, gaugesOf } from '../../parts/gauge.ts';
import type { Lint, Deciding as Row } from '../../parts/settled.ts';
import { consequenceOf } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { percentText } from '../../ui/format.ts';
import { Glyph } from '../../ui/Glyph.tsx';
import styles from './Deciding.module.css';

interface Props {
  lint: Pick<Lint, 'deciding' | 'deciding_left_off'>;
  target: { kind: string; ids: readonly string[] };
  /** On how many of how many days the policy would have decided; null: nobody knows yet. */
  own_days: { hit: number; of: number } | null;
}

const days = 30;

/** All that decides on the calls of a policy, in the order in which it has its say, with the policy itself in its place. */
export function Deciding({ lint, target, own_days }: Props) {
  const effects = useApi('listPolicyEffects', { query: { days, is_synthetic: 'all' } }, { staleTime: 60_000 });
  const daysOf = ({ policy_id, mode }: Row): string | null => {
    if (policy_id === null)
      return own_days && `${mode === 'shadow' ? 'would decide' : 'decides'} on ${own_days.hit} of ${own_days.of} days`;
    if (!effects.data) return null;
    const acted = effects.data.items.find((of) => of.policy_id === policy_id)?.days.length ?? 0;
    if (acted === 0) return `never decided in ${days} days`;
    return `${mode === 'shadow' ? 'would have decided' : 'decided'} on ${acted} of ${days} days`;
  };
  const alone = lint.deciding.every(({ policy_id }) => policy_id === null);
  return (
    <section className={styles.deciding} aria-label="Who else decides">
      <header className={styles.head}>
        <h3>Who else decides</h3>
        <Link href={explainHref(target)}>Explain a specific call →</Link>
      </header>
      {alone && <p className="quiet">No other policy in force takes calls of this target.</p>}
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Policy</th>
            <th scope="col">Then</th>
            <th scope="col" className={styles.number}>
              Used now
            </th>
          </tr>
        </thead>
        <tbody>
          {lint.deciding.map((row) => (
            <DecidingRow key={`${row.policy_id} ${row.control}`} row={row} days={daysOf(row)} />
          ))}
        </tbody>
      </table>
      {lint.deciding_left_off > 0 && <p className="quiet">and {lint.deciding_left_off} more</p>}
    </section>
  );
}

function DecidingRow({ row, days: told }: { row: Row; days: string | null }) {
  const { policy_id, policy_name, action, allows, standing, words, mode } = row;
  const is_warned = standing === 'never_decides' || standing === 'partly_lifted';
  const then = consequenceOf(action);
  return (
    <tr aria-current={policy_id === null || undefined}>
      <th scope="row">
        {policy_id === null ? <strong>This policy</strong> : <Link href={hrefOf(policy_id)}>{policy_name}</Link>}
        <span className={styles.about}>
          <Said text={allows} />
        </span>
        {standing !== 'this' && (
          <span className={is_warned ? styles.warned : styles.about}>
            {is_warned && <Glyph name="triangle" size={11} />} <Said text={words} />
          </span>
        )}
        {told && <span className={styles.about}>{told}</span>}
      </th>
      <td className={mode === 'shadow' ? styles.would : undefined}>
        {mode === 'shadow' ? `would: ${then.toLowerCase()}` : then}
      </td>
      <td className={styles.number}>{fullness(row)}</td>
    </tr>
  );
}

/** Of a limit that is counted separately, the fullest. */
function fullness({ state }: Row): string {
  const shares = state ? gaugesOf(state).map((gauge) => fillOf(gauge, state)) : [];
  return shares.length === 0 ? '–' : percentText(Math.max(...shares.map(({ used, held }) => used + held)));
}

function explainHref({ kind, ids: [first] }: Props['target']): string {
  const is_asked = first !== undefined && ['agent', 'actor', 'project'].includes(kind);
  return is_asked ? `/policies/explain?${new URLSearchParams({ [kind]: first })}` : '/policies/explain';
}
