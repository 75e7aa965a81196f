/** What a filter names. */
export interface Named {
  /** Any of these; undefined: whatever else there is. */
  some: string[] | undefined;
  /** None of these; undefined: nothing is left out. */
  none: string[] | undefined;
}

/** What the values of a filter say: `!` in front leaves out what follows it, to the letter. */
export function namedBy(values: readonly string[]): Named {
  const none = values.filter(isLeftOut).map((value) => value.slice(1));
  const some = values.filter((value) => !isLeftOut(value)).map((value) => value.replace(/^\\(?=\\*!)/, ''));
  return { some: someOf(some), none: someOf(none) };
}

const someOf = (names: string[]): string[] | undefined => (names.length > 0 ? names : undefined);

/** This value of a filter leaves out what it names. */
export const isLeftOut = (value: string): boolean => value.startsWith('!');

/** The value of a filter that leaves out what has this name. */
export const leavingOut = (name: string): string => `!${name}`;

/** The value of a filter for what has this name: a `!` at its beginning is part of it behind a `\`. */
export const naming = (name: string): string => name.replace(/^(?=\\*!)/, '\\');
