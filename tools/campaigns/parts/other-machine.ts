import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = (...args: string[]) => run('ip', args);

/**
 * A network namespace of its own with two lines to this machine, so that one of them can be cut while what is in there
 * can still be asked. Needs root and the `ip` program of Linux.
 */
export interface OtherMachine {
  /** Arguments of node that start this program of node in there. */
  programOf(args: readonly string[]): string[];
  /** This machine, as seen from there: over the line that can be cut, and over the other one. */
  cuttable_host: string;
  lasting_host: string;
  /** The other machine over the lasting line. */
  host: string;
  /** Drops what is sent over the cuttable line, both ways and without a word. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  remove(): Promise<void>;
}

/** Null when this machine cannot have one; the reason is in `whyNoOtherMachine`. */
export function whyNoOtherMachine(): string | null {
  if (process.platform !== 'linux') return 'it needs the network namespaces of Linux';
  return process.getuid?.() === 0 ? null : 'it needs root, to make a network namespace';
}

export async function otherMachine(): Promise<OtherMachine> {
  const n = process.pid % 250;
  const name = `aos-cut-${n}`;
  const lines = [
    { here: `aosc${n}`, there: `aosd${n}`, net: `10.201.${n}` },
    { here: `aosl${n}`, there: `aosm${n}`, net: `10.202.${n}` },
  ] as const;
  await ip('netns', 'add', name);
  await ip('-n', name, 'link', 'set', 'lo', 'up');
  for (const { here, there, net } of lines) {
    await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
    await ip('addr', 'add', `${net}.1/30`, 'dev', here);
    await ip('link', 'set', here, 'up');
    await ip('-n', name, 'addr', 'add', `${net}.2/30`, 'dev', there);
    await ip('-n', name, 'link', 'set', there, 'up');
  }
  const [cuttable, lasting] = lines;
  return {
    programOf: (args) => ['--eval', within(name, args)],
    cuttable_host: `${cuttable.net}.1`,
    lasting_host: `${lasting.net}.1`,
    host: `${lasting.net}.2`,
    cut: async () => void (await ip('link', 'set', cuttable.here, 'down')),
    mend: async () => void (await ip('link', 'set', cuttable.here, 'up')),
    remove: async () => void (await ip('netns', 'del', name)),
  };
}

/** Starts node in the namespace and passes on how it is to end and how it ended. */
const within = (name: string, args: readonly string[]): string => `
  const child = require('node:child_process').spawn('ip', ['netns', 'exec', ${JSON.stringify(name)}, process.execPath, ...${JSON.stringify(args)}], { stdio: 'inherit' });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => process.exit(code ?? 1));
`;

export interface Relay {
  port: number;
  close(): Promise<void>;
}

/** Hands every connection on to another address. */
export async function relay(at: { host: string; port?: number }, to: { host: string; port: number }): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to.port, to.host);
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one
        .on('error', () => other.destroy())
        .on('close', () => {
          other.destroy();
          sockets.delete(one);
        });
    }
  });
  server.listen(at.port ?? 0, at.host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
