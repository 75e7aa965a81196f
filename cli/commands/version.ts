import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../frame/session.ts';
import type { Noun } from './define.ts';

/** The version of this checkout. */
function ownVersion({ terminal }: Session): string {
  const { version } = JSON.parse(readFileSync(join(terminal.root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

export const version: Noun = {
  name: 'version',
  register: (program, act) => {
    program
      .command('version')
      .description('the version of this command')
      .action(
        act('Cannot tell the version', async (session) => {
          const own = ownVersion(session);
          session.show({
            data: { version: own, node: process.version },
            text: () => `aos ${own} (node ${process.version})\n`,
          });
        }),
      );
  },
};
