import { most_askers } from '@aos/core/activity/most-askers.ts';
import { Count, Money } from '../../ui/Amount.tsx';
import { LinkButton } from '../../ui/Button.tsx';
import { percentText } from '../../ui/format.ts';
import { Section } from '../../ui/Page.tsx';
import styles from './Metrics.module.css';
import { type Breakdown, breakdowns, type Metrics, most_named, type PartRow, rowsOf } from './metric-series.ts';

interface Props {
  metrics: Metrics;
  before: Metrics | undefined;
  by: Breakdown;
  onOpen: (id: string) => void;
}

/** What costs the most, and how that has changed since the time before. */
export function TopParts({ metrics, before, by, onOpen }: Props) {
  const rows = rowsOf(metrics, by);
  const earlier = new Map(rowsOf(before, by).map((row) => [row.id, Number(row.cost_usd)]));
  const rest = metrics.by_asker?.of === by && rows.length <= most_named ? metrics.by_asker.rest : null;
  return (
    <Section
      title={`Dearest by ${breakdowns[by]}${rows.length > most_named ? `, ${most_named} of ${countOf(rows.length)}` : ''}`}
    >
      <table className={styles.top}>
        <thead>
          <tr>
            <th scope="col">{breakdowns[by]}</th>
            <th scope="col" className="number">
              cost
            </th>
            <th scope="col" className="number">
              change on before
            </th>
            <th scope="col" className="number">
              calls
            </th>
            <th scope="col" className="number">
              refused
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most_named).map((row) => (
            <tr key={row.id ?? ''}>
              <th scope="row">
                {row.id === null ? (
                  <span className="faint">none named</span>
                ) : (
                  <LinkButton onClick={() => onOpen(row.id ?? '')}>{row.name ?? row.id}</LinkButton>
                )}
              </th>
              <td className="number">
                <Money usd={row.cost_usd} />
              </td>
              <td className="number quiet">{changeOf(row, earlier.get(row.id), before !== undefined)}</td>
              <td className="number">
                <Count value={row.calls} />
              </td>
              <td className="number">
                <Count value={row.refused} />
              </td>
            </tr>
          ))}
          {rest && rest.calls + rest.refused > 0 && (
            <tr>
              <th scope="row">
                <span className="faint">none named</span>
              </th>
              <td className="number">
                <Money usd={rest.cost_usd} />
              </td>
              <td />
              <td className="number">
                <Count value={rest.calls} />
              </td>
              <td className="number">
                <Count value={rest.refused} />
              </td>
            </tr>
          )}
        </tbody>
      </table>
      {rows.length === 0 && <p className="quiet">No traffic in this time.</p>}
    </Section>
  );
}

/** People and keys are told up to a number, beyond which there may be more. */
const countOf = (rows: number): string => (rows < most_askers ? String(rows) : `≥ ${most_askers}`);

function changeOf(row: PartRow, earlier: number | undefined, is_known: boolean): string {
  if (!is_known) return '…';
  if (!earlier) return Number(row.cost_usd) === 0 ? '–' : 'new';
  const share = Number(row.cost_usd) / earlier - 1;
  return share < 0 ? `−${percentText(-share)}` : `+${percentText(share)}`;
}
