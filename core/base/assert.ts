/** Our own mistake: the request fails with a 500, nothing is assumed to have passed. */
export class BrokenInvariant extends Error {
  override name = 'BrokenInvariant';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BrokenInvariant(message);
}

/** The value, or a broken invariant when it is absent. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new BrokenInvariant(`${what} is missing`);
  return value;
}

/** The end of every `switch` over a closed union: the compiler proves that no arm is missing. */
export function unreachable(value: never): never {
  throw new BrokenInvariant(`no arm for ${JSON.stringify(value)}`);
}
