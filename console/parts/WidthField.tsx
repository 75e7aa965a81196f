import { useState } from 'react';
import field from '../ui/Field.module.css';
import { least_width_px, most_width_px, widthWithin } from '../ui/widths.ts';

interface Props {
  of: string;
  /** Undefined: as wide as it is by itself. */
  px: number | undefined;
  onWidth: (px: number | null) => void;
}

/** A number on its way to another one, as 2 is to 220, is in the field and changes nothing. */
export function WidthField({ of, px, onWidth }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  const type = (text: string) => {
    setTyped(text);
    if (text === '') onWidth(null);
    else if (Number(text) === widthWithin(Number(text))) onWidth(Number(text));
  };
  return (
    <input
      type="number"
      className={field.input}
      aria-label={`Width of ${of} in pixels`}
      placeholder="auto"
      min={least_width_px}
      max={most_width_px}
      value={typed ?? px ?? ''}
      onChange={(event) => type(event.target.value)}
      onBlur={() => setTyped(null)}
    />
  );
}
