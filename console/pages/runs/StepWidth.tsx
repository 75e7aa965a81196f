import { MoveHorizontal } from 'lucide-react';
import { useState } from 'react';
import { WidthField } from '../../parts/WidthField.tsx';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';

interface Props {
  /** Null: as wide as it is by itself. */
  px: number | null;
  onWidth: (px: number | null) => void;
}

/** The width of the column of steps as a number, for those who do not drag its edge. */
export function StepWidth({ px, onWidth }: Props) {
  const [is_open, setOpen] = useState(false);
  const close = () => setOpen(false);
  return (
    <>
      <Button
        small
        kind="plain"
        aria-label="Width of the steps…"
        title="Width of the steps"
        onClick={() => setOpen(true)}
      >
        <MoveHorizontal size={13} aria-hidden="true" />
      </Button>
      <Dialog
        open={is_open}
        onClose={close}
        title="Width of the steps"
        about="In pixels, kept in this browser; the edge of the title is dragged, too. The lanes keep some room."
        buttons={
          <>
            <Button disabled={px === null} onClick={() => onWidth(null)}>
              As it was
            </Button>
            <Button kind="primary" onClick={close}>
              Done
            </Button>
          </>
        }
      >
        <WidthField of="the steps" px={px ?? undefined} onWidth={onWidth} />
      </Dialog>
    </>
  );
}
