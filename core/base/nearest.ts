/**
 * The choice that a misspelled word most likely meant, or null when none is near: equal but for case and punctuation,
 * within a third of its letters (insert, delete, replace, swap of two neighbours), or the beginning of only one choice.
 */
export function nearest(word: string, choices: Iterable<string>): string | null {
  const all = [...choices];
  const bare = plain(word);
  if (bare === '' || word.length > 100) return null;
  const same = all.find((choice) => plain(choice) === bare);
  if (same !== undefined) return same;
  let best: string | null = null;
  let least = Infinity;
  for (const choice of all) {
    const away = distance(bare, plain(choice));
    if (away < least && away <= Math.max(1, Math.floor(Math.max(bare.length, plain(choice).length) / 3))) {
      best = choice;
      least = away;
    }
  }
  if (best !== null || bare.length < 3) return best;
  const begun = all.filter((choice) => plain(choice).startsWith(bare) || begins(bare, plain(choice)));
  return begun.length === 1 ? (begun[0] ?? null) : null;
}

/** ` (did you mean "x"?)`, or nothing when no choice is near. */
export function didYouMean(word: string, choices: Iterable<string>): string {
  const near = nearest(word, choices);
  return near === null ? '' : ` (did you mean "${near}"?)`;
}

const plain = (word: string): string => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

const begins = (word: string, choice: string): boolean => choice.length >= 3 && word.startsWith(choice);

/** Optimal string alignment: edits that turn one word into the other, a swap of two neighbours being one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length] ?? 0;
}
