const shapes = {
  circle: <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.5" />,
  dot: <circle cx="6" cy="6" r="4.5" fill="currentColor" />,
  ring: (
    <>
      <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeOpacity="0.3" strokeWidth="2" />
      <path d="M6 2a4 4 0 0 1 4 4" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
    </>
  ),
  check: <path d="m2 6.5 2.7 2.7L10 3.2" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />,
  triangle: <path d="M6 1.5 11 10.5H1z" fill="currentColor" />,
  pause: <path d="M3 2h2.2v8H3zM6.8 2H9v8H6.8z" fill="currentColor" />,
  square: <path d="M2 2h8v8H2z" fill="currentColor" />,
  cross: <path d="m2.5 2.5 7 7m0-7-7 7" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />,
  flag: <path d="M3 11V1.5h6.5L7.8 4l1.7 2.5H3.8" fill="currentColor" fillOpacity="0.35" stroke="currentColor" />,
} as const;

export type GlyphName = keyof typeof shapes;

/** A sign that stands beside a word and never instead of it. */
export function Glyph({ name, size = 12 }: { name: GlyphName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 12 12"
      aria-hidden="true"
      className={name === 'ring' ? 'aos-turning' : undefined}
    >
      {shapes[name]}
    </svg>
  );
}
