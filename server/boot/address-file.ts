import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Deps } from '../base/deps.ts';

/**
 * Keeps in the data folder where this process listens, for commands on this machine that were not told: `npx aos` looks
 * there. The answer takes it away again, unless another process has put its own address there meanwhile. Where nothing
 * can be kept, commands have to be told.
 */
export async function keepAddress({ config, log }: Pick<Deps, 'config' | 'log'>): Promise<() => Promise<void>> {
  const path = join(config.data_dir, 'address');
  const address = `http://${nameOf(config.host)}:${config.port}\n`;
  try {
    await mkdir(config.data_dir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    // Whole or not at all: a command may read it at any moment.
    await writeFile(`${path}.new`, address);
    await rename(`${path}.new`, path);
  } catch (error) {
    log.info({ error: (error as Error).message }, 'the address is not kept in the data folder');
    return async () => undefined;
  }
  return async () => {
    const kept = await readFile(path, 'utf8').catch(() => null);
    if (kept === address) await rm(path, { force: true });
  };
}

/** A server on every interface is reached on this machine's own. */
function nameOf(host: string): string {
  if (['0.0.0.0', '::', 'localhost'].includes(host)) return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
