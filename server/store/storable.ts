/** A text that the database takes: it has no place for NUL, which becomes U+FFFD; see `jsonText`. */
export const storable = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text);

/** The same of what stands for a parameter of a statement, be it a text, an array of texts or anything else. */
export function storableParameter(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  return Array.isArray(value) ? value.map(storableParameter) : value;
}
