import { CommandError } from '../frame/exit-codes.ts';
import type { Noun } from './define.ts';

/** Between programs and the providers that they know. */
export const proxy: Noun = {
  name: 'proxy',
  register: (program, act) => {
    const command = program.command('proxy').description('programs that speak to a provider of models');
    command
      .command('env')
      .description('shell lines that send OpenAI and Anthropic clients through AOS, with this key')
      .action(
        act('Cannot say how', async (session) => {
          const { url, api_key, key_from } = session.settings;
          if (api_key === null)
            throw new CommandError('usage', 'Cannot say how', 'there is no key to call with', '--api-key, AOS_API_KEY');
          const variables = {
            OPENAI_BASE_URL: `${url}/v1`,
            OPENAI_API_KEY: api_key,
            ANTHROPIC_BASE_URL: url,
            ANTHROPIC_AUTH_TOKEN: api_key,
          };
          session.show({
            data: variables,
            text: () =>
              Object.entries(variables)
                .map(([name, value]) => `export ${name}=${value}\n`)
                .join(''),
          });
          session.note(`the key is from ${key_from}; a program had better have its own`);
          session.hint('npx aos keys create my-app');
        }),
      );
  },
};
