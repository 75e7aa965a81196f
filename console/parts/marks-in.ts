/** What a sentence of the API says of who and when: keys, runs and instants, which people read otherwise. */
export type Mark = string | { id: string } | { at: string };

const marks = /\b((?:key|run)_[0-9A-Za-z]{8,}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\b/;

/** The sentence cut at its ids and instants. */
export function marksIn(text: string): Mark[] {
  return text
    .split(marks)
    .map((part, at) => (at % 2 === 0 ? part : part.includes('_') ? { id: part } : { at: part }))
    .filter((part) => part !== '');
}
