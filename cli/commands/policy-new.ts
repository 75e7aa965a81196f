import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CommandError } from '../frame/exit-codes.ts';
import type { Session } from '../frame/session.ts';
import type { Act } from './define.ts';

interface Template {
  name: string;
  /** Of its only control, as lines of YAML. */
  control: string;
}

const blocked = `action: block # continue, warn, pause, block, kill
    alerts: { tiers: [50, 70, 90], channels: [console] } # percent of the limit, and who is told`;

const templates: Readonly<Record<string, Template>> = {
  'daily-cap': {
    name: 'Daily cap',
    control: `limit: { type: cost_usd, max: 10, window: { per: day, timezone: UTC } } # US dollars
    ${blocked}`,
  },
  'run-tokens': {
    name: 'Token cap per run',
    control: `limit: { type: tokens_total, max: 200000, window: { per: run } } # input and output
    ${blocked}`,
  },
  'requests-per-minute': {
    name: 'Requests per minute and key',
    control: `limit: { type: requests, max: 60, window: { per: minute, timezone: UTC }, count_per: api_key }
    ${blocked}`,
  },
  'step-cap': {
    name: 'Step cap per run',
    control: `limit: { type: steps, max: 25, window: { per: run } } # what goes in circles ends here
    action: kill # continue, warn, pause, block, kill`,
  },
  'model-allow-list': {
    name: 'Models that may be called',
    control: `rule: { type: model_access, params: { allow: [mock-small] } } # gpt-4o, openai/gpt-4o, gpt-4*
    action: block # continue, warn, pause, block, kill`,
  },
};

/** The text of a file that says one policy, with what else could stand there. It begins in shadow. */
function policyText({ name, control }: Template, agent: string | undefined): string {
  const target =
    agent === undefined
      ? '{ kind: all_runs } # or { kind: agent, ids: [support-bot] }; project, api_key, actor'
      : `{ kind: agent, ids: [${JSON.stringify(agent)}] } # or all_runs, project, api_key, actor`;
  const of = agent === undefined ? name : `${name} of ${agent}`;
  return `# Look:  npx aos policy diff FILE     In force:  npx aos policy apply FILE --reason "why"
name: ${JSON.stringify(of)} # files are recognised by it
# owner: team-support
status: active # active, draft, disabled
mode: shadow # shadow: recorded only; enforce: decides
target: ${target}
controls:
  - ${control}
`;
}

export function registerNew(command: Command, act: Act): void {
  command
    .command('new [template]')
    .description(`a commented policy to begin with: ${Object.keys(templates).join(', ')}`)
    .option('--agent <agent>', 'for the runs of this agent')
    .option('--out <file>', 'into this file, which must not be there yet; else to stdout')
    .action(act('Cannot write a policy', make));
}

async function make(
  session: Session,
  named: string | undefined,
  { agent, out }: { agent?: string; out?: string },
): Promise<void> {
  const template = templates[named ?? 'daily-cap'];
  if (!template)
    throw new CommandError(
      'usage',
      `There is no template "${named}"`,
      `there are: ${Object.keys(templates).join(', ')}`,
    );
  const text = policyText(template, agent);
  if (out === undefined) return session.show({ data: { template: named ?? 'daily-cap', text }, text: () => text });
  try {
    writeFileSync(resolve(session.terminal.cwd, out), text, { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : code === 'ENOENT' ? 'there is no such folder' : null;
    if (why === null) throw error;
    throw new CommandError('usage', `${out} was not written`, why, '--out another.yaml');
  }
  const { style } = session;
  session.show({
    data: { template: named ?? 'daily-cap', file: out },
    text: () => `${style.green(style.mark.tick)} ${out}\n`,
    next: `npx aos policy diff ${out}`,
  });
}
