import { Problem } from '@aos/core/base/error.ts';
import { issuesOf } from '@aos/core/base/issues.ts';
import { type PolicyFile, policy_file, slugOf } from '@aos/core/policies/file.ts';
import { type Document, isMap, isNode, isSeq, LineCounter, parseAllDocuments } from 'yaml';

/** What a caller sent as policies: documents, one YAML text, or files with their paths. */
export interface SentPolicies {
  documents?: unknown[] | undefined;
  yaml?: string | undefined;
  files?: { path: string; text: string }[] | undefined;
}

/** One policy as it was sent, with where it stands. */
export interface ReadPolicy {
  /** For example `policies/prod.yaml line 14`, or `documents[0]`. */
  place: string;
  origin: string | null;
  slug: string;
  file: PolicyFile;
}

export interface Raw {
  origin: string | null;
  value: unknown;
  /** Where the value at a path of the document stands. */
  placeOf: (path: string) => string;
}

export interface Wrong {
  place: string;
  path: string;
  message: string;
}

/**
 * Reads all policies or none.
 * @throws Problem `invalid_body` with every mistake: file, line, path, reason, nearest valid choice.
 */
export function readPolicies(sent: SentPolicies): ReadPolicy[] {
  const wrong: Wrong[] = [];
  const raws = [
    ...(sent.documents ?? []).map((value, n) => ({ origin: null, value, placeOf: () => `documents[${n}]` })),
    ...(sent.yaml === undefined ? [] : readYaml(null, sent.yaml, wrong)),
    ...(sent.files ?? []).flatMap(({ path, text }) => readYaml(path, text, wrong)),
  ];
  const read = raws.flatMap((raw) => readOne(raw, wrong));
  for (const [n, policy] of read.entries()) {
    const twin = read.slice(0, n).find(({ slug }) => slug === policy.slug);
    if (twin) {
      const message = `is the name of the policy at ${twin.place} too (both are "${policy.slug}"): give each its own`;
      wrong.push({ place: policy.place, path: 'name', message });
    }
  }
  if (wrong.length > 0) throw refused(wrong);
  return read;
}

const most_told = 8;

export function refused(wrong: readonly Wrong[], what = 'The policies are'): Problem {
  const told = wrong
    .slice(0, most_told)
    .map(({ place, path, message }) => `${place}: ${path === '' ? '' : `${path} `}${message}`);
  const rest = wrong.length > most_told ? `; and ${wrong.length - most_told} more` : '';
  return new Problem('invalid_body', `${what} not accepted: ${told.join('; ')}${rest}.`, {
    details: { issues: wrong.slice(0, 50) },
  });
}

function readOne({ origin, value, placeOf }: Raw, wrong: Wrong[]): ReadPolicy[] {
  const { success, data, error } = policy_file.safeParse(value);
  if (success) return [{ place: placeOf(''), origin, slug: slugOf(data.name), file: data }];
  wrong.push(...issuesOf(error, value, policy_file).map((of) => ({ place: placeOf(of.path), ...of })));
  return [];
}

/** Every policy of a YAML text: one in each document, or a list of them. JSON is YAML too. */
export function readYaml(origin: string | null, text: string, wrong: Wrong[]): Raw[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const documents = (Array.isArray(parsed) ? parsed : []) as Document.Parsed[];
  const place = (offset: number) => `${origin ?? 'yaml'} line ${lines.linePos(offset).line}`;
  return documents.flatMap((document): Raw[] => {
    const [error] = document.errors;
    if (error) {
      wrong.push({ place: place(error.pos[0]), path: '', message: `is no YAML: ${error.message}` });
      return [];
    }
    if (document.contents === null) return [];
    const { contents } = document;
    const tops: (string | number)[][] = isSeq(contents) ? contents.items.map((_, n) => [n]) : [[]];
    const whole: unknown = readWhole(document, place, wrong);
    return tops.map((top) => ({
      origin,
      value: top.length === 0 ? whole : (whole as unknown[])[Number(top[0])],
      placeOf: (path) => place(offsetOf(document, [...top, ...keysOf(path)])),
    }));
  });
}

function readWhole(document: Document.Parsed, place: (offset: number) => string, wrong: Wrong[]): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    wrong.push({ place: place(0), path: '', message: `is no YAML that can be read: ${(error as Error).message}` });
    return null;
  }
}

/** `controls[0].limit` → `['controls', 0, 'limit']`. */
const keysOf = (path: string): (string | number)[] =>
  [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(([, index, quoted, name]) =>
    index === undefined ? (quoted ?? name ?? '') : Number(index),
  );

/** Where the value at a path begins; of what is missing, what it is missing in. A member begins at its name. */
function offsetOf(document: Document.Parsed, keys: readonly (string | number)[]): number {
  for (let length = keys.length; length >= 0; length--) {
    const holder = length === 0 ? document.contents : document.getIn(keys.slice(0, length - 1), true);
    if (length === 0) return isNode(holder) ? (holder.range?.[0] ?? 0) : 0;
    const key = keys[length - 1];
    if (isMap(holder)) {
      const pair = holder.items.find((of) => isNode(of.key) && String(of.key) === String(key));
      if (pair && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    const item = isSeq(holder) ? holder.get(key, true) : undefined;
    if (isNode(item)) return item.range?.[0] ?? 0;
  }
  return 0;
}
