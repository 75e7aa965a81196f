import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Forms = readonly (readonly Issue[])[];

/** The issues of the form that was meant; where several forms are as near, what can be said of all of them. */
type Meant = { issues: readonly Issue[] } | { types: string[] } | { message: string };

/**
 * Which form of a union (without discriminator) the caller meant: the one with the least wrong. A value that is valid
 * in a form says more than a member that is not known there.
 */
export function meantForm(forms: Forms, value: unknown): Meant {
  const weights = forms.map((issues) => issues.reduce((sum, issue) => sum + weigh(issue, value), 0));
  const least = Math.min(...weights);
  const meant = forms.filter((_, n) => weights[n] === least);
  const [first = []] = meant;
  if (meant.length < 2) return { issues: first };
  return sameTypes(meant) ?? sameChoice(meant) ?? together(meant) ?? missing(meant, value) ?? common(meant);
}

/** A value that is valid in a form says more about what was meant than a member that is unknown there. */
function weigh(issue: Issue, value: unknown): number {
  if (issue.code === 'unrecognized_keys') return 2 * issue.keys.length;
  const is_absent = issue.path.length > 0 && absent(issue, value);
  if (issue.code === 'invalid_value') return is_absent ? 2 : 3;
  if (issue.code === 'invalid_type') return issue.path.length === 0 ? 100 : is_absent ? 2 : 1;
  return 1;
}

const absent = ({ path: [key = ''] }: Issue, value: unknown): boolean =>
  typeof value !== 'object' || value === null || (value as Record<PropertyKey, unknown>)[key] === undefined;

/** The one issue of each form; null when a form has several. */
function soles(forms: Forms): Issue[] | null {
  const found = forms.flatMap((issues) => (issues.length === 1 ? issues : []));
  return found.length === forms.length ? found : null;
}

/** A string or a number was expected, and it is neither. */
function sameTypes(forms: Forms): Meant | null {
  const types = soles(forms)?.map((issue) =>
    issue.code === 'invalid_type' && issue.path.length === 0 ? issue.expected : null,
  );
  const known = types?.filter((type) => type !== null) ?? [];
  return types && known.length === types.length ? { types: [...new Set(known)] } : null;
}

/** The forms differ in what one member may be: the choices of all of them count. */
function sameChoice(forms: Forms): Meant | null {
  const found = soles(forms) ?? [];
  const [first] = found;
  const place = String(first?.path);
  const choices = found.map((of) => (of.code === 'invalid_value' && String(of.path) === place ? of.values : null));
  if (first?.code !== 'invalid_value' || choices.includes(null)) return null;
  return { issues: [{ ...first, values: [...new Set(choices.flatMap((values) => values ?? []))] }] };
}

/** Members of two forms in one object. */
function together(forms: Forms): Meant | null {
  const keys = forms.flat().map((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : null));
  if (keys.includes(null)) return null;
  const names = [...new Set(keys.flatMap((of) => of ?? []))].sort();
  return { message: `has ${names.map(quoted).join(' and ')}, which exclude each other: keep one` };
}

function missing(forms: Forms, value: unknown): Meant | null {
  const found = soles(forms);
  if (!found?.every((issue) => issue.path.length > 0 && absent(issue, value))) return null;
  return { message: `needs ${[...new Set(found.map(({ path }) => quoted(String(path[0]))))].join(' or ')}` };
}

/** What every form finds wrong; where they agree on nothing, what the first one does. */
function common([first = [], ...others]: Forms): Meant {
  const texts = others.map((issues) => issues.map((issue) => JSON.stringify(issue)));
  const shared = first.filter((issue) => texts.every((of) => of.includes(JSON.stringify(issue))));
  return { issues: shared.length > 0 ? shared : first };
}

const quoted = (word: string): string => `"${word}"`;
