import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The clock of a machine that one process believes to be on, by libfaketime. What only counts on is not touched. */
export interface SteppedClock {
  /** What the process is started with. */
  env: Record<string, string>;
  /** Sets the clock this far from the true time, for example `+1h`, `-1h` or `+0`. */
  set(offset: string): void;
  remove(): void;
}

const libraries = '/usr/lib';

/** Debian keeps it in a folder of the machine's kind. */
function findLibrary(): string | null {
  if (process.platform !== 'linux' || !existsSync(libraries)) return null;
  const paths = readdirSync(libraries).map((kind) => path.join(libraries, kind, 'faketime', 'libfaketimeMT.so.1'));
  return paths.find((file) => existsSync(file)) ?? null;
}

/** Null: this machine can have one. */
export const whyNoSteppedClock = (): string | null =>
  findLibrary() === null ? 'it needs libfaketime, on Debian `apt-get install faketime`' : null;

/** @throws when this machine cannot have one */
export function steppedClock(): SteppedClock {
  const library = findLibrary();
  if (library === null) throw new Error(`no clock can be set: ${whyNoSteppedClock()}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'aos-clock-'));
  const file = path.join(folder, 'offset');
  const set = (offset: string) => writeFileSync(file, `${offset}\n`);
  set('+0');
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
