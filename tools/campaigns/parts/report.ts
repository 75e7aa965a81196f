/** What a campaign measured, and every promise that it saw broken, in words. */
export interface Findings {
  figures: Record<string, unknown>;
  broken: string[];
}

/** One line of JSON for each part of a campaign, as soon as it is known. */
export function printFigures(title: string, figures: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ part: title, ...figures })}\n`);
}

const shown_max = 20;

/** The last line, PASS or FAIL with the reasons, and the exit code. */
export function finish(broken: readonly string[]): void {
  for (const reason of broken.slice(0, shown_max)) process.stdout.write(`broken: ${reason}\n`);
  process.stdout.write(broken.length === 0 ? 'PASS\n' : `FAIL: ${broken.length} broken, the first: ${broken[0]}\n`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}

/** The value at this part (0 to 1) of the sorted values; null when there is none. */
export function quantile(values: readonly number[], part: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? null;
}
