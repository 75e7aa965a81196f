import { useMemo } from 'react';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import type { Column } from '../ui/Table.tsx';
import { useKept } from './kept.ts';
import { CheckField } from './RadioField.tsx';

/** Which columns of a list somebody has put away, in their browser; those without a title belong to every row. */
export function useColumns<Row>(label: string, all: readonly Column<Row>[]) {
  const [hidden, setHidden] = useKept<readonly string[]>(`aos.columns.${label}`);
  const away = useMemo(() => new Set(hidden ?? []), [hidden]);
  const turn = (id: string) => {
    const next = away.has(id) ? [...away].filter((other) => other !== id) : [...away, id];
    setHidden(next.length === 0 ? null : next);
  };
  const reset = () => setHidden(null);
  const shown = useMemo(
    () => (away.size === 0 ? all : all.filter(({ id, title }) => title === '' || !away.has(id))),
    [all, away],
  );
  return { shown, away, turn, reset };
}

interface Props<Row> {
  label: string;
  all: readonly Column<Row>[];
  choice: ReturnType<typeof useColumns<Row>>;
  onClose: () => void;
}

export function ColumnsDialog<Row>({ label, all, choice, onClose }: Props<Row>) {
  const { shown, away, turn, reset } = choice;
  const titled = all.filter(({ title }) => title !== '');
  const left = titled.length - away.size;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Columns of ${label.toLowerCase()}`}
      about="Kept in this browser. A narrow window leaves some of them out."
      buttons={
        <>
          <Button disabled={shown === all} onClick={reset}>
            Show all
          </Button>
          <Button kind="primary" onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      {titled.map(({ id, title }) => (
        <CheckField
          key={id}
          label={title}
          checked={!away.has(id)}
          onChange={() => (left > 1 || away.has(id)) && turn(id)}
        />
      ))}
    </Dialog>
  );
}
