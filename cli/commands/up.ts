import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import type { Session } from '../frame/session.ts';
import type { Noun } from './define.ts';

interface UpOptions {
  port?: string;
  data?: string;
  db?: string;
}

export const up: Noun = {
  name: 'up',
  register: (program, act) => {
    program
      .command('up')
      .description('start the server here; its database is embedded unless another is named')
      .option('--port <port>', 'where it listens (PORT; 8000)')
      .option('--data <folder>', 'where its data are kept (AOS_DATA_DIR; .aos)')
      .option('--db <url>', 'PostgreSQL instead of the embedded database (DATABASE_URL)')
      .action(act('The server did not start', start));
  },
};

/** The same as `npm start`: it has the terminal until it ends, and its exit code is ours. */
async function start({ terminal }: Session, { port, data, db }: UpOptions): Promise<number> {
  const named = {
    ...(port !== undefined && { PORT: port }),
    ...(data !== undefined && { AOS_DATA_DIR: resolve(terminal.cwd, data) }),
    ...(db !== undefined && { DATABASE_URL: db }),
  };
  const program = ['--max-semi-space-size=32', '--heap-growing-percent=25', join(terminal.root, 'tools', 'start.mjs')];
  const child = spawn(process.execPath, program, {
    cwd: terminal.root,
    stdio: 'inherit',
    env: { ...terminal.env, ...named },
  });
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  // Ctrl-C reaches the whole group by itself; a signal to this process alone is handed on.
  process.on('SIGTERM', pass);
  process.on('SIGINT', () => undefined);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 130;
}
