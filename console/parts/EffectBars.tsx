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
  const columns = columnsOf(days, count);
  const most = Math.max(1, ...columns.map((of) => of.stopped + of.warned + of.shadow));
  const step = width / count;
  const tall = (n: number) => (n === 0 ? 0 : Math.max(2, (n / most) * (height - 1)));
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      style={{ display: 'block', maxWidth: '100%' }}
    >
      <title>{label}</title>
      <rect x={0} y={height - 1} width={width} height={1} fill="var(--hairline)" />
      {columns.map((column, n) => {
        const { day, stopped, warned, shadow } = column;
        const parts = [
          { tall: tall(stopped), fill: 'var(--crit)', stroke: 'none' },
          { tall: tall(warned), fill: 'var(--warn)', stroke: 'none' },
          { tall: tall(shadow), fill: 'none', stroke: 'var(--shadow)' },
        ];
        let below = height - 1;
        const bars = parts.map((part, which) => {
          below -= part.tall;
          return part.tall === 0 ? null : (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place
              key={which}
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
        return (
          <g key={day}>
            <rect x={n * step} y={0} width={step} height={height} fill="transparent" />
            {bars}
            <title>{`${dateText(day)}: ${effectWords(column)}`}</title>
          </g>
        );
      })}
    </svg>
  );
}

/** The same with its first and last day below it, and as a table. */
export function DatedEffectBars(props: Props) {
  const columns = columnsOf(props.days, props.count);
  const [first, last] = [columns[0], columns.at(-1)];
  if (!first || !last) return null;
  const label = `${props.label}, ${dateText(first.day)} to ${dateText(last.day)}`;
  return (
    <div>
      <EffectBars {...props} label={label} />
      <div
        className="quiet"
        aria-hidden="true"
        style={{ display: 'flex', justifyContent: 'space-between', maxWidth: props.width, fontSize: 12 }}
      >
        <time dateTime={first.day}>{dateText(first.day)}</time>
        <time dateTime={last.day}>{dateText(last.day)}</time>
      </div>
      <details>
        <summary style={{ minHeight: 24, color: 'var(--accent)', cursor: 'pointer' }}>View as table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">day (UTC)</th>
              <th scope="col">stopped</th>
              <th scope="col">warned</th>
              <th scope="col">would have acted</th>
            </tr>
          </thead>
          <tbody>
            {columns.map(({ day, stopped, warned, shadow }) => (
              <tr key={day}>
                <th scope="row">{dateText(day)}</th>
                <td className="number">{stopped}</td>
                <td className="number">{warned}</td>
                <td className="number">{shadow}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </div>
  );
}

/** Every day, those on which nothing happened too. */
function columnsOf(days: readonly Day[], count: number) {
  const today = Date.now();
  const known = new Map(days.map((of) => [of.day, of]));
  return Array.from({ length: count }, (_, n) => {
    const day = new Date(today - (count - 1 - n) * day_ms).toISOString().slice(0, 10);
    const of = known.get(day);
    return { day, stopped: Number(of?.stopped ?? 0), warned: Number(of?.warned ?? 0), shadow: Number(of?.shadow ?? 0) };
  });
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** `2026-11-21` → `Nov 21`. */
const dateText = (day: string): string => `${months[Number(day.slice(5, 7)) - 1]} ${Number(day.slice(8))}`;

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
