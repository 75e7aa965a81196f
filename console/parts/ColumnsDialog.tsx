import { useMemo } from 'react';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import type { Column } from '../ui/Table.tsx';
import { own_widths, type Widths } from '../ui/widths.ts';
import styles from './ColumnsDialog.module.css';
import { useKept } from './kept.ts';
import { CheckField } from './RadioField.tsx';
import { WidthField } from './WidthField.tsx';

/**
 * Which columns of a list somebody has put away, taken up or given a width, in their browser; those without a title belong
 * to every row.
 */
export function useColumns<Row>(label: string, all: readonly Column<Row>[]) {
  const [hidden, setHidden] = useKept<readonly string[]>(`aos.columns.${label}`);
  const spare = all.flatMap((column) => (column.spare ? [column.id] : [])).join(' ');
  const away = useMemo(() => new Set(hidden ?? spare.split(' ').filter(Boolean)), [hidden, spare]);
  const turn = (id: string) => {
    const next = away.has(id) ? [...away].filter((other) => other !== id) : [...away, id];
    setHidden([...next].sort().join(' ') === spare.split(' ').sort().join(' ') ? null : next);
  };
  const [given, setGiven] = useKept<Widths>(`aos.widths.${label}`);
  const give = (id: string, px: number | null) => {
    const { [id]: _, ...others } = given ?? {};
    const next = px === null ? others : { ...others, [id]: px };
    setGiven(Object.keys(next).length === 0 ? null : next);
  };
  const reset = () => {
    setHidden(null);
    setGiven(null);
  };
  const shown = useMemo(
    () => (away.size === 0 ? all : all.filter(({ id, title }) => title === '' || !away.has(id))),
    [all, away],
  );
  const is_own = hidden === null && given === null;
  return { shown, away, turn, widths: given ?? own_widths, give, reset, is_own };
}

interface Props<Row> {
  label: string;
  all: readonly Column<Row>[];
  choice: ReturnType<typeof useColumns<Row>>;
  onClose: () => void;
}

export function ColumnsDialog<Row>({ label, all, choice, onClose }: Props<Row>) {
  const { away, turn, widths, give, reset, is_own } = choice;
  const titled = all.filter(({ title }) => title !== '');
  const left = titled.filter(({ id }) => !away.has(id)).length;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Columns of ${label.toLowerCase()}`}
      about="Kept in this browser. A narrow window leaves some out. Widths are in pixels; you can also drag the edge of a title."
      buttons={
        <>
          <Button disabled={is_own} onClick={reset}>
            As they were
          </Button>
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      <div className={styles.columns}>
        {titled.map(({ id, title }) => (
          <div key={id} className={styles.column}>
            <CheckField label={title} checked={!away.has(id)} onChange={() => (left > 1 || away.has(id)) && turn(id)} />
            <WidthField of={title} px={widths[id]} onWidth={(px) => give(id, px)} />
          </div>
        ))}
      </div>
    </Dialog>
  );
}
