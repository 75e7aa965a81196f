import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Where a command runs: what it reads, and where it writes. A test has one of its own. */
export interface Terminal {
  /** The checkout the command belongs to. */
  root: string;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Data. */
  out(text: string): void;
  /** Progress, hints and errors. */
  err(text: string): void;
  columns: number;
  out_is_tty: boolean;
  err_is_tty: boolean;
  in_is_tty: boolean;
  /** Asks a person; null when nobody answers. */
  ask(question: string): Promise<string | null>;
  /** The same for what nobody may see: nothing that is typed shows. */
  askSecret(question: string): Promise<string | null>;
  /** Everything that was piped in. */
  input(): Promise<string>;
  now(): number;
}

export function realTerminal(root: string): Terminal {
  // A reader who has seen enough (`| head`) closes the pipe: that is no failure.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(0);
    });
  return {
    root,
    cwd: process.cwd(),
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    columns: process.stdout.columns ?? (Number(process.env.COLUMNS) || 120),
    out_is_tty: process.stdout.isTTY === true,
    err_is_tty: process.stderr.isTTY === true,
    in_is_tty: process.stdin.isTTY === true,
    ask: async (question) => {
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      const answer = await reader.question(question).catch(() => null);
      reader.close();
      return answer;
    },
    askSecret: async (question) => {
      const unseen = new Writable({ write: (_part, _encoding, done) => done() });
      const reader = createInterface({ input: process.stdin, output: unseen, terminal: true });
      process.stderr.write(question);
      reader.on('SIGINT', () => {
        reader.close();
        process.kill(process.pid, 'SIGINT');
      });
      const answer = await reader.question('').catch(() => null);
      reader.close();
      process.stderr.write('\n');
      return answer;
    },
    input: async () => {
      let text = '';
      for await (const part of process.stdin.setEncoding('utf8')) text += part;
      return text;
    },
    now: () => Date.now(),
  };
}
