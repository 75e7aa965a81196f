import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { present } from '@aos/core/base/assert.ts';
import type { Deps } from '../base/deps.ts';

/**
 * Keeps in the data folder where this process listens, for commands on this machine that were not told: `npx aos` looks
 * there. That happens in the turn in which the port opens: whoever gets an answer finds the address, and a start on a
 * port that is taken touches nobody's. The answer takes it away again, unless another process has put its own address
 * there meanwhile. Where nothing can be kept, commands have to be told.
 */
export function keepAddress(server: Server, { config, log }: Pick<Deps, 'config' | 'log'>): () => void {
  const path = join(config.data_dir, 'address');
  let address: string | undefined;
  server.once('listening', () => {
    address = `http://${nameOf(config.host)}:${portOf(server)}\n`;
    try {
      mkdirSync(config.data_dir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
      // Whole or not at all: a command may read it at any moment.
      writeFileSync(`${path}.new`, address);
      renameSync(`${path}.new`, path);
    } catch (error) {
      log.info({ error: (error as Error).message }, 'the address is not kept in the data folder');
    }
  });
  return () => {
    try {
      if (address !== undefined && textOf(path) === address) rmSync(path, { force: true });
    } catch (error) {
      log.info({ error: (error as Error).message }, 'the address stays in the data folder');
    }
  };
}

/** The one that was opened: a process told port 0 takes any that is free. */
function portOf(server: Server): number {
  const opened = present(server.address(), 'the address of a server that listens');
  return typeof opened === 'string' ? 0 : opened.port;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** A server on every interface is reached on this machine's own. */
function nameOf(host: string): string {
  if (['0.0.0.0', '::', 'localhost'].includes(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
