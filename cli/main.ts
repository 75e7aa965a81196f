import { runCommand } from './frame/program.ts';
import { realTerminal } from './frame/terminal.ts';

/** Runs the command that stands in the arguments of this process. `root`: the checkout it belongs to. */
export async function main(root: string): Promise<void> {
  const terminal = realTerminal(root);
  process.exitCode = await runCommand(process.argv.slice(2), terminal);
}
