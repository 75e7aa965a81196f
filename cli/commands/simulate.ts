import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Answer, Body } from '@aos/sdk/contract.ts';
import { parse } from 'yaml';
import { CommandError, exit_codes } from '../frame/exit-codes.ts';
import { amount, money, oneLine, quantity } from '../frame/format.ts';
import type { Session } from '../frame/session.ts';
import { type Column, tableOf } from '../frame/table.ts';
import type { Noun } from './define.ts';
import { namingAgent } from './naming-agent.ts';

type Simulation = Answer<'simulate'>;

interface SimulateOptions {
  agent?: string;
  model?: string;
  actor?: string;
  session?: string;
  file?: string;
  strict?: boolean;
}

export const simulate: Noun = {
  name: 'simulate',
  register: (program, act) => {
    program
      .command('simulate [goal]')
      .description('try a run without effect: its plan, decisions and maximum cost; calls no provider, writes nothing')
      .option('--agent <agent>', 'the software that would act')
      .option('--model <model>', "absent: the agent's own, or the project's")
      .option('--actor <actor>', 'the human behind it')
      .option('--session <session>', 'a label that groups runs')
      .option('--file <file>', 'a plan in YAML or JSON, instead of one made from the goal')
      .option('--strict', 'exit with 4 when it would be stopped')
      .action(act('Cannot simulate the run', ask));
  },
};

async function ask(session: Session, goal: string | undefined, options: SimulateOptions): Promise<number | undefined> {
  const plan = options.file === undefined ? undefined : planIn(resolve(session.terminal.cwd, options.file));
  const asked = {
    goal,
    plan,
    agent_id: options.agent,
    model: options.model,
    actor_id: options.actor,
    session_id: options.session,
    project: session.options.project,
  };
  const answer = await session.aos.simulate(asked).catch(namingAgent('Cannot simulate the run'));
  const { stopped_by } = answer;
  session.show({
    data: answer,
    text: () => textOf(session, answer),
    next: stopped_by
      ? `npx aos policy show ${stopped_by.policy_id}`
      : `npx aos run ${options.agent === undefined ? '' : `--agent ${options.agent} `}${JSON.stringify(goal ?? '…')} --follow`,
  });
  return options.strict && !answer.feasible ? exit_codes.blocked : undefined;
}

function planIn(path: string): NonNullable<Body<'simulate'>['plan']> {
  try {
    const read = parse(readFileSync(path, 'utf8')) as { plan?: unknown };
    return (read?.plan ?? read) as NonNullable<Body<'simulate'>['plan']>;
  } catch (error) {
    throw new CommandError('usage', `Cannot read the plan in ${path}`, (error as Error).message);
  }
}

const columns: Column<Simulation['steps'][number]>[] = [
  { title: 'step', value: (step) => step.id },
  { title: 'skill', value: (step) => step.skill },
  { title: 'after', value: (step) => step.depends_on.join(', '), flexible: true },
  { title: 'decision', value: (step) => step.verdict },
  { title: 'tokens at most', value: (step) => amount(step.input_tokens + step.output_tokens), align: 'right' },
  { title: 'cost at most', value: (step) => money(step.estimated_cost_usd), align: 'right' },
];

function textOf({ style, terminal }: Session, answer: Simulation): string {
  const { stopped_by, headroom } = answer;
  const { mark } = style;
  const verdict = stopped_by
    ? style.red(
        `${mark.block} would be stopped at ${stopped_by.step} by "${oneLine(stopped_by.policy_name)}": ${oneLine(stopped_by.reason)}`,
      )
    : style.green(`${mark.tick} would pass (${answer.decision})`);
  const tightest = headroom[0];
  const room = tightest
    ? `room left: ${quantity(tightest.remaining, tightest.unit)} ${tightest.unit} (${tightest.control_id})\n`
    : '';
  const assumed = answer.assumed ? style.dim('the plan is assumed: a model would make the real one\n') : '';
  return `${tableOf(answer.steps, columns, terminal.columns)}\n${verdict}\ncost at most ${money(answer.estimated_cost_usd)}\n${room}${assumed}`;
}
