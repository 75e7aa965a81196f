interface Day {
  day: string;
  stopped: number | string;
  warned: number | string;
  shadow: number | string;
}

interface Props {
  days: readonly Day[];
  /** How many days, today last. */
  count: number;
  width: number;
  height: number;
  label: string;
}

const day_ms = 86_400_000;

/** Columns of what a policy did each day: solid what it stopped, light what it warned of, outlined what it would have done. */
export function EffectBars({ days, count, width, height, label }: Props) {
  const today = Date.now();
  const known = new Map(days.map((of) => [of.day, of]));
  const columns = Array.from({ length: count }, (_, n) => {
    const day = new Date(today - (count - 1 - n) * day_ms).toISOString().slice(0, 10);
    const of = known.get(day);
    return { day, stopped: Number(of?.stopped ?? 0), warned: Number(of?.warned ?? 0), shadow: Number(of?.shadow ?? 0) };
  });
  const most = Math.max(1, ...columns.map((of) => of.stopped + of.warned + of.shadow));
  const step = width / count;
  const tall = (n: number) => (n === 0 ? 0 : Math.max(2, (n / most) * (height - 1)));
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: 'block', maxWidth: '100%' }}>
      <title>{label}</title>
      <rect x={0} y={height - 1} width={width} height={1} fill="var(--hairline)" />
      {columns.map(({ day, stopped, warned, shadow }, n) => {
        const parts = [
          { tall: tall(stopped), fill: 'var(--crit)', stroke: 'none' },
          { tall: tall(warned), fill: 'var(--warn)', stroke: 'none' },
          { tall: tall(shadow), fill: 'none', stroke: 'var(--shadow)' },
        ];
        let below = height - 1;
        return parts.map((part, which) => {
          below -= part.tall;
          return part.tall === 0 ? null : (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
              key={`${day} ${which}`}
              x={n * step + 0.5}
              y={below + (part.stroke === 'none' ? 0 : 0.5)}
              width={Math.max(2, step - (step > 8 ? 3 : 1))}
              height={Math.max(1, part.tall - (part.stroke === 'none' ? 0 : 1))}
              fill={part.fill}
              stroke={part.stroke}
              strokeDasharray={part.stroke === 'none' ? undefined : '2 2'}
            />
          );
        });
      })}
    </svg>
  );
}

export const effectWords = (of: {
  stopped: number | string;
  warned: number | string;
  shadow: number | string;
}): string =>
  [
    Number(of.stopped) > 0 && `${of.stopped} stopped`,
    Number(of.warned) > 0 && `${of.warned} warned`,
    Number(of.shadow) > 0 && `${of.shadow} it would have acted on`,
  ]
    .filter(Boolean)
    .join(', ') || 'nothing';
