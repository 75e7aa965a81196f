/** What JSON text escapes is a half alone: whole pairs stand as they are. An escaped backslash only looks like one. */
const escapes = /\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/g;

/**
 * JSON text that the database takes: it has no place for NUL and halves of surrogate pairs, which a caller's text may
 * hold; they become U+FFFD, so that one odd name never fails the batch it stands in.
 */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes('\\u') ? text.replace(escapes, (found) => (found === '\\\\' ? found : '\\ufffd')) : text;
}
