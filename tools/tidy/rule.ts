/** One file of the tree: its path below the root, with forward slashes, and its text. */
export interface Source {
  path: string;
  text: string;
}

/** A place that breaks a rule. `what` says what is wrong there; the rule's `remedy` says what to do. */
export interface Finding {
  path: string;
  line: number;
  what: string;
}

/** A tiny tree that breaks the rule, and the place (`path:line`) where the rule must see it. */
export interface Breach {
  files: Record<string, string>;
  at: string;
}

/** One rule of form: a pure function over the tree, with trees that prove it can fail and can pass. */
export interface Rule {
  /** The promise, as a sentence. */
  name: string;
  remedy: string;
  find(files: readonly Source[]): Finding[];
  breaks: readonly Breach[];
  keeps: readonly Record<string, string>[];
}

export const sourcesOf = (files: Record<string, string>): Source[] =>
  Object.entries(files).map(([path, text]) => ({ path, text }));

export const describeFinding = (rule: Rule, { path, line, what }: Finding): string =>
  `${path}:${line} ${what} [${rule.name}] ${rule.remedy}`;

export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

/** Every end-to-end file is a test; elsewhere the name says it. Tests are not shipped, so most rules leave them out. */
export const isTest = (path: string): boolean => /\.test\.(tsx?|mjs)$/.test(path) || path.startsWith('e2e/');

export const isCode = (path: string): boolean => /\.(ts|tsx|mjs|js)$/.test(path) && !isGenerated(path);

/** Written by `tools/gen.ts`: its form is the generator's business. */
export const isGenerated = (path: string): boolean => /(^|[/.])generated[/.]|^docs\/reference\//.test(path);

export const isShipped = (path: string): boolean =>
  isCode(path) && !isTest(path) && /^(core|server|cli|console|sdk)\//.test(path);
