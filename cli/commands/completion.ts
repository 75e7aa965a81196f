import type { Command } from 'commander';
import { CommandError } from '../frame/exit-codes.ts';
import type { Noun } from './define.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

export const completion: Noun = {
  name: 'completion',
  register: (program, act) => {
    program
      .command('completion <shell>')
      .description(`words for the tab key: ${shells.join(', ')}`)
      .action(
        act('Cannot complete', async (session, shell: string) => {
          const known = shells.find((name) => name === shell);
          if (!known) throw new CommandError('usage', `"${shell}" is not known`, `known are ${shells.join(', ')}`);
          const script = scripts[known](wordsOf(program));
          session.show({ data: { shell, script }, text: () => script });
        }),
      );
  },
};

interface Words {
  nouns: string[];
  verbs: Record<string, string[]>;
  options: string[];
}

function wordsOf(program: Command): Words {
  const { commands } = program;
  return {
    nouns: commands.map((command) => command.name()),
    verbs: Object.fromEntries(commands.map((command) => [command.name(), command.commands.map((verb) => verb.name())])),
    options: program.options.flatMap(({ long }) => long ?? []),
  };
}

const cases = (verbs: Words['verbs'], line: (noun: string, verbs: string) => string): string =>
  Object.entries(verbs)
    .filter(([, of]) => of.length > 0)
    .map(([noun, of]) => line(noun, of.join(' ')))
    .join('\n');

const scripts: Record<(typeof shells)[number], (words: Words) => string> = {
  bash: ({ nouns, verbs, options }) => `_aos() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [[ "$current" == -* ]]; then words="${options.join(' ')}"
  elif [[ $COMP_CWORD -eq 1 ]]; then words="${nouns.join(' ')}"
  elif [[ $COMP_CWORD -eq 2 ]]; then
    case "\${COMP_WORDS[1]}" in
${cases(verbs, (noun, of) => `      ${noun}) words="${of}" ;;`)}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _aos aos
`,
  zsh: ({ nouns, verbs }) => `#compdef aos
_aos() {
  if (( CURRENT == 2 )); then compadd ${nouns.join(' ')}
  elif (( CURRENT == 3 )); then
    case "$words[2]" in
${cases(verbs, (noun, of) => `      ${noun}) compadd ${of} ;;`)}
    esac
  else _files
  fi
}
compdef _aos aos
`,
  fish: ({ nouns, verbs }) => `complete -c aos -f -n __fish_use_subcommand -a '${nouns.join(' ')}'
${cases(verbs, (noun, of) => `complete -c aos -f -n '__fish_seen_subcommand_from ${noun}' -a '${of}'`)}
`,
};
