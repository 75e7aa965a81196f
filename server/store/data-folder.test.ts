import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownDataFolder } from './data-folder.ts';

const module_url = pathToFileURL(join(import.meta.dirname, 'data-folder.ts')).href;
let parent: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'aos-folder-'));
});
afterAll(() => rm(parent, { recursive: true }));

/** Runs a program with `ownDataFolder` and `dir` at hand in a process of its own. */
function run(dir: string, program: string) {
  const code = `import { ownDataFolder } from ${JSON.stringify(module_url)}; const dir = ${JSON.stringify(dir)}; ${program}`;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe('a data folder', () => {
  test('is made private, passable for the database account when root', async () => {
    const owned = await ownDataFolder(join(parent, 'deep', 'new'));
    const { mode } = await stat(join(parent, 'deep', 'new'));
    expect(mode & 0o777).toBe(process.getuid?.() === 0 ? 0o711 : 0o700);
    await owned.release();
  });

  test('keeps the permissions that its owner chose', async () => {
    const dir = await mkdtemp(join(parent, 'chosen-'));
    await chmod(dir, 0o750);
    await (await ownDataFolder(dir)).release();
    expect((await stat(dir)).mode & 0o777).toBe(0o750);
  });

  test('refuses a second owner by naming the folder, the pid and what to do', async () => {
    const dir = join(parent, 'second');
    const owner = run(dir, `await ownDataFolder(dir); console.log('owned'); setInterval(() => {}, 1000);`);
    await once(owner.stdout, 'data');
    await expect(ownDataFolder(dir)).rejects.toMatchObject({ code: 'conflict', details: { owner_pid: owner.pid } });
    await expect(ownDataFolder(dir)).rejects.toThrow(
      `${dir} is in use by the process with pid ${owner.pid}, and a data folder has one owner at a time. ` +
        `Stop that process (kill ${owner.pid}), or give this one a folder of its own with AOS_DATA_DIR.`,
    );
    owner.kill('SIGKILL');
    await once(owner, 'exit');
  });

  test('is free at once when its owner was killed with -9, and nothing of the owner stays', async () => {
    const dir = join(parent, 'killed');
    const owner = run(dir, `await ownDataFolder(dir); process.kill(process.pid, 'SIGKILL');`);
    await once(owner, 'exit');
    expect(await readdir(dir)).toHaveLength(1);
    const owned = await ownDataFolder(dir);
    expect(await readdir(dir)).toHaveLength(1);
    await owned.release();
    expect(await readdir(dir)).toEqual([]);
  });

  test('still has its owner while that process is frozen', async () => {
    const dir = join(parent, 'frozen');
    const owner = run(dir, `await ownDataFolder(dir); console.log('owned'); setInterval(() => {}, 1000);`);
    await once(owner.stdout, 'data');
    owner.kill('SIGSTOP');
    await expect(ownDataFolder(dir)).rejects.toMatchObject({ code: 'conflict' });
    owner.kill('SIGKILL');
    await once(owner, 'exit');
  });

  test('does not keep a process alive that has nothing else to do', async () => {
    const owner = run(join(parent, 'idle'), 'await ownDataFolder(dir);');
    expect(await once(owner, 'exit')).toEqual([0, null]);
  });

  test('never has two owners, however many start at the same moment', async () => {
    const dir = join(parent, 'race');
    const program = `
      import { rmSync, writeFileSync } from 'node:fs';
      let owned = 0;
      for (const end = Date.now() + 2000; Date.now() < end; ) {
        const owner = await ownDataFolder(dir).catch((error) => {
          if (error.code !== 'conflict') throw error;
        });
        if (!owner) continue;
        owned += 1;
        writeFileSync(dir + '/witness', '', { flag: 'wx' });
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
        rmSync(dir + '/witness');
        await owner.release();
      }
      console.log(owned);`;
    const starters = [1, 2, 3].map(() => run(dir, program));
    const outcomes = starters.map(async (starter) => {
      let printed = '';
      starter.stdout.on('data', (chunk) => {
        printed += chunk;
      });
      const [code] = await once(starter, 'close');
      return { code, owned: Number(printed) };
    });
    const all = await Promise.all(outcomes);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(all.reduce((sum, { owned }) => sum + owned, 0)).toBeGreaterThan(10);
  });

  test.runIf(process.platform === 'linux')('may have a path longer than a socket address', async () => {
    const dir = join(parent, 'long'.repeat(40));
    const owned = await ownDataFolder(dir);
    await expect(ownDataFolder(dir)).rejects.toMatchObject({ code: 'conflict' });
    await owned.release();
    await (await ownDataFolder(dir)).release();
  });

  test('that cannot be one is refused with the reason and what to do', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    await expect(ownDataFolder(join(file, 'data'))).rejects.toThrow(
      /The data folder .*file\/data cannot be used: ENOTDIR.*name another folder with AOS_DATA_DIR/,
    );
  });

  test.skipIf(process.platform !== 'linux')(
    'below one that takes no other is refused, and nobody waits for ever',
    async () => {
      for (const dir of ['/proc/aos', '/proc/aos/data'])
        await expect(ownDataFolder(dir)).rejects.toThrow(/The data folder \/proc\/aos.* cannot be used: E[A-Z]+\./);
    },
  );
});
