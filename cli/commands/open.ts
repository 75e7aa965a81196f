import { spawn } from 'node:child_process';
import { consoleUrl } from '@aos/core/base/link.ts';
import { CommandError } from '../frame/exit-codes.ts';
import type { Session } from '../frame/session.ts';
import type { Noun } from './define.ts';

export const open: Noun = {
  name: 'open',
  register: (program, act) => {
    program
      .command('open [id]')
      .description('the console page of a run, policy, incident, decision or anything else with an id')
      .option('--print', 'only print the address')
      .action(
        act('Cannot open the page', async (session, id: string | undefined, options: { print?: boolean }) => {
          if (id !== undefined && !/^[a-z]{3}_[0-9a-z]+$/.test(id))
            throw new CommandError(
              'usage',
              `"${id}" is no id`,
              'an id is three letters, an underscore and 26 signs',
              'npx aos runs list',
            );
          const url = id === undefined ? `${session.settings.url}/` : consoleUrl(session.settings.url, id);
          session.show({ data: { url }, text: () => `${url}\n` });
          if (!options.print && session.terminal.out_is_tty) openInBrowser(session, url);
        }),
      );
  },
};

const openers: Partial<Record<NodeJS.Platform, string>> = { darwin: 'open', win32: 'explorer', linux: 'xdg-open' };

/** Where there is no browser the address on stdout is all. */
function openInBrowser(session: Session, url: string): void {
  const program = openers[process.platform];
  if (program === undefined) return;
  const child = spawn(program, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => session.hint(`open ${url} in a browser`));
  child.unref();
}
