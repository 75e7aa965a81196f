import { comparedPattern } from './model-names.ts';
import type { Target } from './target.ts';

/** Whether a target takes every call that another one takes, by what is written in the two. */
export function covers(wide: Target, narrow: Target): boolean {
  if (wide.kind !== 'all_runs' && !(wide.kind === narrow.kind && isSubset(narrow.ids, wide.ids))) return false;
  if (!isSubset(wide.except_ids, narrow.except_ids)) return false;
  const [of_wide, of_narrow] = [wide.when ?? {}, narrow.when ?? {}];
  return (['model', 'provider', 'tool', 'tag'] as const).every((key) => {
    const [outer, inner] = [of_wide[key], of_narrow[key]];
    if (!outer) return true;
    return inner?.every((name) => outer.some((pattern) => takes[key](pattern, name))) ?? false;
  });
}

const isSubset = (part: readonly string[], whole: readonly string[]): boolean => {
  if (part.length === 0) return true;
  const all = new Set(whole);
  return part.every((name) => all.has(name));
};

const same = (pattern: string, name: string): boolean => pattern === name;

/** Whether what one pattern takes, the other takes too. */
const takes = {
  model: coversModel,
  provider: same,
  tool: same,
  tag: (pattern: string, name: string) => pattern === name || name.startsWith(`${pattern}=`),
} as const;

/** `gpt-4*` takes all that `gpt-4o` and `gpt-4o*` take. */
export function coversModel(pattern: string, name: string): boolean {
  return coversForm(comparedPattern(pattern), comparedPattern(name));
}

const coversForm = (pattern: string, name: string): boolean =>
  pattern === name || (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1)));

/** Whether some model may be taken by both patterns, each with or without its provider; in doubt it may. */
export const modelsOverlap = (a: string, b: string): boolean =>
  forms(a).some((x) => forms(b).some((y) => coversForm(x, y) || coversForm(y, x)));

function forms(pattern: string): string[] {
  const name = comparedPattern(pattern);
  return name.includes('/') ? [name, name.slice(name.indexOf('/') + 1)] : [name];
}
