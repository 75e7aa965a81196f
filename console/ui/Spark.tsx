interface Props {
  /** Oldest first. */
  values: readonly number[];
  label: string;
  width?: number;
  height?: number;
}

/** Small columns: how something came over time, without axes. */
export function Spark({ values, label, width = 72, height = 16 }: Props) {
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ display: 'block' }}>
      <title>{label}</title>
      <rect x={0} y={height - 1} width={width} height={1} fill="var(--hairline)" />
      {values.map((value, at) => {
        const tall = value === 0 ? 0 : Math.max(2, (value / most) * height);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
            key={at}
            x={at * step}
            y={height - tall}
            width={Math.max(1, step - 1)}
            height={tall}
            fill="var(--text-3)"
          />
        );
      })}
    </svg>
  );
}
