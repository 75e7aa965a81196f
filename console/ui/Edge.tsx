import { type PointerEvent, useRef } from 'react';
import styles from './Edge.module.css';
import { widthWithin } from './widths.ts';

interface Props {
  /** How wide the column is while it is dragged; null: it is no longer. */
  onDrag: (px: number | null) => void;
  /** How wide somebody made the column; null: as wide as it is by itself. */
  onWidth: (px: number | null) => void;
}

/** The edge of the title it stands in, for a pointer: it is dragged, and two clicks take its width back. */
export function Edge({ onDrag, onWidth }: Props) {
  const from = useRef<{ x: number; px: number } | null>(null);
  const movedTo = ({ clientX }: PointerEvent): number | null =>
    from.current && clientX !== from.current.x ? widthWithin(from.current.px + clientX - from.current.x) : null;
  return (
    <span
      aria-hidden="true"
      className={styles.edge}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        from.current = { x: event.clientX, px: event.currentTarget.parentElement?.offsetWidth ?? 0 };
      }}
      onPointerMove={(event) => from.current && onDrag(movedTo(event))}
      onPointerUp={(event) => {
        const px = movedTo(event);
        if (px !== null) onWidth(px);
      }}
      onLostPointerCapture={() => {
        from.current = null;
        onDrag(null);
      }}
      onDoubleClick={() => onWidth(null)}
    />
  );
}
