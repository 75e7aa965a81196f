import type { Session } from '../frame/session.ts';
import type { Noun } from './define.ts';
import { followRun } from './follow.ts';
import { namingAgent } from './naming-agent.ts';

interface RunOptions {
  agent?: string;
  model?: string;
  session?: string;
  actor?: string;
  tag?: Record<string, string>;
  follow?: boolean;
}

export const run: Noun = {
  name: 'run',
  register: (program, act) => {
    program
      .command('run <goal>')
      .description('ask for a goal to be reached: a governed run')
      .option('--agent <agent>', 'the software that acts; needed unless the key is bound to one')
      .option('--model <model>', "absent: the agent's own, or the project's")
      .option('--session <session>', 'a label that groups runs')
      .option('--actor <actor>', 'the human behind it')
      .option('--tag <name=value>', 'a tag of the run', tagged)
      .option('--follow', 'show its steps until it has ended')
      .action(act('Cannot run the goal', start));
  },
};

const tagged = (text: string, before: Record<string, string> = {}): Record<string, string> => {
  const at = text.indexOf('=');
  return { ...before, [text.slice(0, at === -1 ? undefined : at)]: at === -1 ? 'true' : text.slice(at + 1) };
};

async function start(session: Session, goal: string, options: RunOptions): Promise<number | undefined> {
  const asked = {
    goal,
    agent_id: options.agent,
    actor_id: options.actor,
    session_id: options.session,
    model: options.model,
    project: session.options.project,
    tags: options.tag ?? {},
  };
  const made = await session.aos.postGoal(asked).catch(namingAgent('Cannot run the goal'));
  if (options.follow) {
    session.note(`${made.id}${options.model === undefined ? '' : `  ${options.model}`}`);
    return followRun(session, made.id);
  }
  session.show({ data: made, text: () => `${made.id}  ${made.status}\n`, next: `npx aos runs tail ${made.id}` });
  return undefined;
}
