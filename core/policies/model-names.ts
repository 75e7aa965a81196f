import type { Call } from '../activity/call.ts';
import { comparedName } from '../activity/model-name.ts';

/** A list of names as policies write it: `gpt-4o`, `openai/gpt-4o` or a prefix `gpt-4*`. */
type Patterns = readonly string[];

interface Compiled {
  exact: Set<string>;
  prefixes: string[];
  /** `models/*`: every name that is written so. Without `models/` it would be every model. */
  has_written: boolean;
}

/** Lists stand in policies in force and are looked at by every call. */
const compiled = new WeakMap<Patterns, Compiled>();

/** Whether a model is one of these, however the call writes its name. */
export function isAmongModels(patterns: Patterns, { provider, model }: Pick<Call, 'model' | 'provider'>): boolean {
  const of = compiled.get(patterns) ?? compile(patterns);
  const name = comparedName(model);
  const full = `${provider.toLowerCase()}/${name}`;
  if (of.exact.has(name) || of.exact.has(full)) return true;
  if (of.has_written && name.length < model.trim().length) return true;
  return of.prefixes.some((prefix) => name.startsWith(prefix) || full.startsWith(prefix));
}

const written = 'models/*';

function compile(patterns: Patterns): Compiled {
  const names = patterns.map(comparedPattern);
  const of = {
    exact: new Set(names.filter((name) => !name.endsWith('*'))),
    prefixes: names.filter((name) => name.endsWith('*') && name !== written).map((name) => name.slice(0, -1)),
    has_written: names.includes(written),
  };
  compiled.set(patterns, of);
  return of;
}

const known = new Map<string, string>();
const most_known = 5_000;

/** A pattern in the form of the names that it is compared with, behind its provider too. */
export function comparedPattern(pattern: string): string {
  const before = known.get(pattern);
  if (before !== undefined) return before;
  const name = pattern.trim().toLowerCase();
  const form = name === written ? name : name.replace(/^([^/]+\/)models\/|^models\//, '$1');
  if (known.size >= most_known) known.clear();
  known.set(pattern, form);
  return form;
}
