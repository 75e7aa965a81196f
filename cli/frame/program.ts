import { Command, CommanderError } from 'commander';
import type { Act } from '../commands/define.ts';
import { nouns } from '../commands/index.ts';
import { type CommandError, exit_codes } from './exit-codes.ts';
import { asCommandError, describeFailure, exitCodeOf } from './failure.ts';
import { type GlobalOptions, openSession } from './session.ts';
import { styleOf } from './style.ts';
import type { Terminal } from './terminal.ts';

/** Runs one command to its end and answers its exit code. Never throws. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exit_codes.ok;
  const program = programFor(terminal);
  const act: Act =
    (what, work) =>
    async (...rest) => {
      const command = rest.at(-1) as unknown as Command;
      const { profile, ...rest_of } = command.optsWithGlobals<GlobalOptions>();
      // What login keeps under a name need not be there before.
      const options = makesProfiles(command) || profile === undefined ? rest_of : { ...rest_of, profile };
      code = await work(openSession(terminal, options), ...rest).then(
        (ended) => ended ?? exit_codes.ok,
        (error: unknown) => {
          throw asCommandError(error, what);
        },
      );
    };
  for (const noun of nouns) noun.register(program, act);
  quiet(program, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return fail(error, terminal, args);
  }
}

const makesProfiles = (command: Command): boolean => ['login', 'logout'].includes(command.name());

function fail(error: unknown, terminal: Terminal, args: readonly string[]): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit_codes.ok : exit_codes.usage;
  const failure = asCommandError(error, 'The command failed');
  if (args.includes('--json') || args.includes('--jsonl')) terminal.out(`${JSON.stringify(documentOf(failure))}\n`);
  terminal.err(describeFailure(failure, styleOf(terminal, !args.includes('--no-color'))));
  return exitCodeOf(failure);
}

const documentOf = ({ message, why, todo, exit, request_id }: CommandError) => ({
  error: { code: exit, what: message, why, do: todo, request_id },
});

function programFor(terminal: Terminal): Command {
  const program = new Command('aos');
  program
    .description(
      'The control plane for LLM runs: decides before every step, stops what must stop, records what happened.',
    )
    .option('--url <address>', 'where the server is (AOS_URL; else as its data folder says, or http://127.0.0.1:8000)')
    .option('--api-key <key>', 'the API key (AOS_API_KEY; else the one in .aos, for a server on this machine)')
    .option('--profile <name>', 'the server and key that login saved under this name')
    .option('--project <project>', 'id or slug of the project to look at')
    .option('--json', 'one JSON document on stdout')
    .option('--jsonl', 'one JSON object a line on stdout')
    .option('-q, --quiet', 'no progress, no hints')
    .option('--no-color', 'no colours (NO_COLOR)')
    .option('--no-input', 'never ask; fail instead')
    .option('--timeout <seconds>', 'how long to wait for an answer (60)')
    .showHelpAfterError('aos --help lists all commands')
    .addHelpText('after', exits)
    .configureHelp({ helpWidth: Math.min(terminal.columns, 120) });
  return program;
}

const exits = `
Exit codes: 0 done · 1 failed · 2 usage · 3 changes pending (only with --exit-code) · 4 blocked by a policy ·
6 not permitted · 7 server unreachable · 8 conflict · 124 timeout · 130 interrupted`;

/** Commander writes where we write and ends nothing by itself. */
function quiet(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text),
    // Like every other failure; what is wrong with it and what to do come from commander itself.
    outputError: (text, write) =>
      write((unknownVerb(command) ?? text).replace(/^error: /, `${styleOf(terminal, true).mark.cross} `)),
    getOutHelpWidth: () => terminal.columns,
    getErrHelpWidth: () => terminal.columns,
  });
  for (const child of command.commands) {
    child.showHelpAfterError(`${nameOf(child)} --help says what it takes`);
    quiet(child, terminal);
  }
}

const nameOf = (command: Command): string => `${command.parent ? `${nameOf(command.parent)} ` : ''}${command.name()}`;

/** A verb that is not there goes to the one that a noun alone means, to which it is a word too many. */
function unknownVerb({ parent, args, registeredArguments: takes }: Command): string | null {
  const [said] = parent?.args ?? [];
  if (!parent?.parent || takes.length > 0 || said === undefined || args[0] !== said) return null;
  const verbs = parent.commands.map((one) => one.name()).join(', ');
  return `error: unknown command '${said}'\n${nameOf(parent)} has ${verbs}\n`;
}
