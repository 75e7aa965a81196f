import { AOS } from '@aos/sdk/client.ts';
import { CommandError } from './exit-codes.ts';
import { type Settings, settingsOf } from './settings.ts';
import { type Style, styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** What can be said with every command. */
export interface GlobalOptions {
  url?: string;
  apiKey?: string;
  profile?: string;
  project?: string;
  json?: boolean;
  jsonl?: boolean;
  quiet?: boolean;
  color: boolean;
  input: boolean;
  timeout?: string;
}

/** What a command shows: the same facts as a document for programs and as text for people. */
export interface Shown {
  data: unknown;
  text: () => string;
  /** What somebody would do next. */
  next?: string;
}

/** One command under way: its client, its terminal, and how to show what it found. */
export interface Session {
  aos: AOS;
  settings: Settings;
  terminal: Terminal;
  style: Style;
  options: GlobalOptions;
  /** Data to stdout: one JSON document, one line for each item, or text. */
  show(shown: Shown): void;
  /** One of many, as they come: a line of JSON, or a line of text. */
  line(data: unknown, text: () => string): void;
  /** Progress and hints to stderr: silent with `--quiet`. */
  note(text: string): void;
  hint(text: string): void;
  /** Why something is done: asked of a person when it was not given. */
  reason(given: string | undefined): Promise<string>;
  /** Whether a person agrees; without one who could, only `--yes` does. */
  agree(question: string, yes: boolean | undefined): Promise<boolean>;
}

export function openSession(terminal: Terminal, options: GlobalOptions): Session {
  const style = styleOf(terminal, options.color);
  const settings = settingsOf(terminal, options);
  const is_data = options.json === true || options.jsonl === true;
  const note = (text: string) => {
    if (options.quiet !== true) terminal.err(`${text}\n`);
  };
  const hint = (text: string) => {
    if (!is_data) note(style.dim(`next: ${text}`));
  };
  const asks = options.input && terminal.in_is_tty;
  return {
    aos: new AOS({ base_url: settings.url, api_key: settings.api_key, timeout_ms: settings.timeout_ms }),
    settings,
    terminal,
    style,
    options,
    note,
    hint,
    show: ({ data, text, next }) => {
      if (options.jsonl) terminal.out(linesOf(data));
      else if (options.json) terminal.out(`${JSON.stringify(data, null, 2)}\n`);
      else terminal.out(text());
      if (next !== undefined) hint(next);
    },
    line: (data, text) => terminal.out(is_data ? `${JSON.stringify(data)}\n` : `${text()}\n`),
    reason: async (given) => {
      const reason = given ?? (asks ? await terminal.ask('reason: ') : null);
      if (reason?.trim()) return reason.trim();
      throw new CommandError(
        'usage',
        'A reason is needed',
        'it is kept in the ledger with what is done',
        '--reason "…"',
      );
    },
    agree: async (question, yes) => {
      if (yes) return true;
      if (asks) return /^y(es)?$/i.test((await terminal.ask(`${question} [y/N] `))?.trim() ?? '');
      throw new CommandError('usage', `Not done: ${question}`, 'nobody is there to be asked', '--yes');
    },
  };
}

/** A list as its items, each on a line; anything else as one line. */
function linesOf(data: unknown): string {
  const items = Array.isArray(data) ? data : ((data as { items?: unknown[] } | null)?.items ?? [data]);
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}
