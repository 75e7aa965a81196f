import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runCommand } from '@aos/cli/frame/program.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs `aos` in this process, as a script would: nobody is there to be asked, and nothing is a terminal. */
export async function aos(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  const ran: Ran = { code: -1, out: '', err: '' };
  ran.code = await runCommand(args, {
    root,
    cwd: root,
    env: { LANG: 'C.UTF-8', ...env },
    out: (text) => {
      ran.out += text;
    },
    err: (text) => {
      ran.err += text;
    },
    columns: 140,
    out_is_tty: false,
    err_is_tty: false,
    in_is_tty: false,
    ask: async () => null,
    askSecret: async () => null,
    input: async () => '',
    now: () => Date.now(),
  });
  return ran;
}

/** The same as a process of its own, built from the sources when it is out of date. */
export async function aosProcess(...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [`${root}cli/aos.mjs`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ran: Ran = { code: -1, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.err += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...ran, code: code ?? -1 };
}
