import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { key_shape, makeKeyText } from '@aos/core/access/key-text.ts';
import { Problem } from '@aos/core/base/error.ts';
import { randomSecret } from '../base/deps.ts';

/** The generated admin key: what the data folder keeps, else a new one that it keeps from now on, for its owner alone. */
export async function keptAdminKey(data_dir: string): Promise<string> {
  const path = join(data_dir, 'admin.key');
  const made = makeKeyText('live', randomSecret);
  await mkdir(data_dir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  try {
    await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return made;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const kept = (await readFile(path, 'utf8')).trim();
  if (key_shape.test(kept)) return kept;
  throw new Problem(
    'governance_unavailable',
    `The file ${path} does not hold a key of 24 to 256 visible ASCII characters. Remove it to have a new one made, or set AOS_ADMIN_KEY.`,
  );
}
