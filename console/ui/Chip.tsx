import type { ReactNode } from 'react';
import styles from './Chip.module.css';
import { Glyph, type GlyphName } from './Glyph.tsx';

export type Tone = 'neutral' | 'info' | 'ok' | 'warn' | 'crit' | 'shadow' | 'solid' | 'outline-warn';

interface Props {
  tone?: Tone;
  glyph?: GlyphName;
  children: ReactNode;
  title?: string;
}

/** A state as sign and word in a tinted pill. */
export function Chip({ tone = 'neutral', glyph, children, title }: Props) {
  return (
    <span className={`${styles.chip} ${styles[tone]}`} title={title}>
      {glyph && <Glyph name={glyph} />}
      {children}
    </span>
  );
}

/** The same without the pill, for cells of tables. */
export function Status({ tone = 'neutral', glyph, children, title }: Props) {
  return (
    <span className={`${styles.bare} ${styles[tone]}`} title={title}>
      {glyph && <Glyph name={glyph} />}
      {children}
    </span>
  );
}
