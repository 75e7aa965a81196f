const unstorable = /\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}/g;

/**
 * JSON text that the database takes: it has no place for NUL and halves of surrogate pairs, which a caller's text may
 * hold; they become U+FFFD, so that one odd name never fails the batch it stands in.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes('\\u') ? text.replace(unstorable, '\\ufffd') : text;
}
