import { AOS } from '@aos/sdk/client.ts';
import type { Command } from 'commander';
import { CommandError } from '../frame/exit-codes.ts';
import { readProfiles, usual_profile, writeProfiles } from '../frame/profiles.ts';
import type { GlobalOptions, Session } from '../frame/session.ts';
import type { Noun } from './define.ts';

export const login: Noun = {
  name: 'login',
  register: (program, act) => {
    program
      .command('login')
      .description('save a server address and a key for later commands, under --profile or as the default')
      .action(act('Cannot log in', (session, _: object, command: Command) => keep(session, profileIn(command))));
  },
};

export const logout: Noun = {
  name: 'logout',
  register: (program, act) => {
    program
      .command('logout')
      .description('forget what login saved')
      .action(
        act('Cannot log out', async (session, _: object, command: Command) => forget(session, profileIn(command))),
      );
  },
};

const profileIn = (command: Command): string => command.optsWithGlobals<GlobalOptions>().profile ?? usual_profile;

async function keep(session: Session, name: string): Promise<void> {
  const { terminal, settings, style } = session;
  const api_key = await keyFor(session);
  const of = await new AOS({ base_url: settings.url, api_key, timeout_ms: settings.timeout_ms }).call('getSession');
  if (!of.signed_in)
    throw new CommandError('not_permitted', `${settings.url} does not know this key`, 'nothing was kept');
  const path = writeProfiles(terminal, { ...readProfiles(terminal), [name]: { url: settings.url, api_key } });
  session.show({
    data: { profile: name, url: settings.url, file: path, role: of.role, tenant: of.tenant.slug },
    text: () =>
      `${style.green(style.mark.tick)} ${settings.url} as ${of.role} of ${of.tenant.slug}, kept as "${name}" in ${path}\n`,
    next: name === usual_profile ? 'npx aos whoami' : `npx aos whoami --profile ${name}`,
  });
}

/** Said, else asked without showing it, else piped in: a key of this machine's data folder is not meant. */
async function keyFor({ terminal, options }: Session): Promise<string> {
  const said = options.apiKey ?? terminal.env.AOS_API_KEY?.trim();
  if (said) return said;
  const asks = options.input && terminal.in_is_tty;
  const answer = asks ? await terminal.askSecret('key (not shown): ') : await terminal.input();
  const key = answer?.trim();
  if (key) return key;
  throw new CommandError('usage', 'A key is needed', 'none was given or piped in', 'npx aos login < key.txt');
}

function forget(session: Session, name: string): void {
  const { [name]: gone, ...rest } = readProfiles(session.terminal);
  if (!gone) throw new CommandError('usage', `There is no profile "${name}"`, knownWords(rest));
  const path = writeProfiles(session.terminal, rest);
  const { style } = session;
  session.show({
    data: { profile: name, file: path },
    text: () =>
      `${style.green(style.mark.tick)} "${name}" is forgotten; its key still works: aos keys revoke ends it\n`,
  });
}

const knownWords = (of: object): string => {
  const names = Object.keys(of);
  return names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
};
