import { type Finding, lineAt, type Source } from './rule.ts';
import { scanOf } from './scan.ts';

/** What must not stand in code, and why. The expression is global. */
export type Pattern = readonly [expression: RegExp, why: string];

/** Every match in the code of the files; comments and the insides of literals do not count. */
export function findInCode(files: readonly Source[], patterns: readonly Pattern[]): Finding[] {
  return files.flatMap((file) => {
    const { code } = scanOf(file);
    return patterns.flatMap(([expression, why]) =>
      [...code.matchAll(expression)].map((match) => ({
        path: file.path,
        line: lineAt(code, match.index),
        what: `\`${match[0].trim().replace(/\s+/g, ' ')}\` ${why}`,
      })),
    );
  });
}
