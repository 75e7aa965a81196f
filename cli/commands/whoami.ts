import { CommandError } from '../frame/exit-codes.ts';
import { factsOf } from '../frame/table.ts';
import type { Noun } from './define.ts';

export const whoami: Noun = {
  name: 'whoami',
  register: (program, act) => {
    program
      .command('whoami')
      .description('which server, which key, and what it may do')
      .action(
        act('Cannot tell who asks', async (session) => {
          const { settings } = session;
          const of = await session.aos.call('getSession');
          if (!of.signed_in)
            throw new CommandError(
              'not_permitted',
              `No key that ${settings.url} knows`,
              `the key came from: ${settings.key_from}`,
              '--api-key, AOS_API_KEY',
            );
          session.show({
            data: { url: settings.url, key_from: settings.key_from, ...of },
            text: () =>
              factsOf([
                ['server', settings.url],
                ['key', `${of.api_key.hint} (${of.api_key.name}, from ${settings.key_from})`],
                ['role', `${of.role}: ${of.permissions.join(', ')}`],
                ['tenant', of.tenant.slug],
                ['project', of.project?.slug ?? 'all of the tenant'],
              ]),
            next: 'npx aos runs list',
          });
        }),
      );
  },
};
