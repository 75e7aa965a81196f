/**
 * What an entry changed, in one line: `status: running → cancelled`; of something new, what it is. What it is `besides`
 * is said elsewhere in its row.
 */
export function changeText(before: unknown, after: unknown, besides: readonly unknown[] = []): string {
  const [was, is] = [membersOf(before), membersOf(after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names
    .filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
    .filter((name) => was[name] !== undefined || !besides.includes(is[name]))
    .map((name) => {
      const after_text = textOf(is[name]);
      return was[name] === undefined ? `${name}: ${after_text}` : `${name}: ${textOf(was[name])} → ${after_text}`;
    })
    .join(', ');
}

const membersOf = (of: unknown): Record<string, unknown> =>
  typeof of === 'object' && of !== null && !Array.isArray(of) ? (of as Record<string, unknown>) : {};

const textOf = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
