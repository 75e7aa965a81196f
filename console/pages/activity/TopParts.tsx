import { Count, Money } from '../../ui/Amount.tsx';
import { LinkButton } from '../../ui/Button.tsx';
import { percentText } from '../../ui/format.ts';
import { Section } from '../../ui/Page.tsx';
import styles from './Metrics.module.css';
import { type Breakdown, type Metrics, type PartRow, rowsOf } from './metric-series.ts';

interface Props {
  metrics: Metrics;
  before: Metrics | undefined;
  by: Breakdown;
  onOpen: (name: string) => void;
}

const shown = 10;

/** What costs the most, and how that has changed since the time before. */
export function TopParts({ metrics, before, by, onOpen }: Props) {
  const rows = rowsOf(metrics, by);
  const earlier = new Map(rowsOf(before, by).map((row) => [row.name, Number(row.cost_usd)]));
  return (
    <Section title={`Dearest by ${by}${rows.length > shown ? `, ${shown} of ${rows.length}` : ''}`}>
      <table className={styles.top}>
        <thead>
          <tr>
            <th scope="col">{by}</th>
            <th scope="col" className="number">
              cost
            </th>
            <th scope="col" className="number">
              change
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
          {rows.slice(0, shown).map((row) => (
            <tr key={row.name ?? ''}>
              <th scope="row">
                {row.name === null ? (
                  <span className="faint">none named</span>
                ) : (
                  <LinkButton onClick={() => onOpen(row.name ?? '')}>{row.name}</LinkButton>
                )}
              </th>
              <td className="number">
                <Money usd={row.cost_usd} />
              </td>
              <td className="number quiet">{changeOf(row, earlier.get(row.name), before !== undefined)}</td>
              <td className="number">
                <Count value={row.calls} />
              </td>
              <td className="number">
                <Count value={row.refused} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="quiet">No traffic in this time.</p>}
    </Section>
  );
}

function changeOf(row: PartRow, earlier: number | undefined, is_known: boolean): string {
  if (!is_known) return '…';
  if (!earlier) return 'new';
  const share = Number(row.cost_usd) / earlier - 1;
  return share < 0 ? `−${percentText(-share)}` : `+${percentText(share)}`;
}
