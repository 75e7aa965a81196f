import type { Answer } from '@aos/sdk/contract.ts';
import type { Command } from 'commander';
import { CommandError } from '../frame/exit-codes.ts';
import { oneLine } from '../frame/format.ts';
import { several } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Act } from './define.ts';

interface ExplainOptions {
  decision?: string;
  model?: string;
  agent?: string;
  actor?: string;
  session?: string;
  tool?: string[];
  tag?: string[];
  inputTokens?: string;
  outputTokens?: string;
}

export function registerExplain(command: Command, act: Act): void {
  command
    .command('explain')
    .description('why a call was, or would be, allowed or refused')
    .option('--decision <id>', 'of a call that was made')
    .option('--model <model>', 'of a call that might be made')
    .option('--agent <agent>', 'on behalf of this agent')
    .option('--actor <actor>', 'and of this human')
    .option('--session <session>', 'in this session')
    .option('--tool <tool>', 'offering this tool (several)', several)
    .option('--tag <tag>', 'tagged so: team=search (several)', several)
    .option('--input-tokens <n>', 'maximum input tokens')
    .option('--output-tokens <n>', 'maximum output tokens')
    .action(act('Cannot explain', explain));
}

async function explain(session: Session, options: ExplainOptions): Promise<void> {
  const { decision, model, agent, actor } = options;
  if (decision === undefined && model === undefined)
    throw new CommandError(
      'usage',
      'There is nothing to explain',
      'it is a call that was made, or one that might be',
      '--decision dec_…     or: --agent my-agent --model mock-small',
    );
  const count = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  const estimate = { input_tokens: count(options.inputTokens), max_output_tokens: count(options.outputTokens) };
  const asked =
    decision !== undefined
      ? { decision_id: decision }
      : {
          model,
          agent,
          actor,
          session: options.session,
          ...(options.tool && { tools: options.tool }),
          ...(options.tag && { tags: tagsOf(options.tag) }),
          project: session.options.project,
          ...((options.inputTokens ?? options.outputTokens) ? { estimate } : {}),
        };
  const answer = await session.aos.call('explain', { body: asked });
  session.show({ data: answer, text: () => textOf(session, answer), ...nextOf(answer) });
}

const tagsOf = (tags: readonly string[]): Record<string, string> =>
  Object.fromEntries(tags.map((tag) => [tag.split('=')[0] ?? '', tag.split('=').slice(1).join('=')]));

function nextOf({ decision_id, deciding }: Answer<'explain'>): { next?: string } {
  if (decision_id !== null) return { next: `npx aos open ${decision_id}` };
  return deciding ? { next: `npx aos policy show ${deciding.policy_id}` } : {};
}

function textOf({ style }: Session, answer: Answer<'explain'>): string {
  const { mark } = style;
  const passes = answer.status === 200;
  const head = passes
    ? style.green(`${mark.tick} ${answer.verdict}`)
    : style.red(`${mark.block} ${answer.verdict} (${answer.status} ${answer.code ?? ''})`);
  const policies = answer.policies.flatMap((of) => [
    `${of.matched ? mark.step : ' '} ${oneLine(of.policy_name)} v${of.policy_version} ${style.dim(`${of.status}, ${of.mode}`)}: ${oneLine(of.why)}`,
    ...of.controls.map(
      (by) =>
        `    ${by.fired ? style.yellow(mark.warning) : style.green(mark.tick)} ${by.type} ${by.verdict}: ${oneLine(by.reason)}`,
    ),
  ]);
  if (answer.policies_left_off > 0)
    policies.push(style.dim(`  ${answer.policies_left_off} policies that do not apply are left off`));
  return [
    head,
    `  ${oneLine(answer.summary)}`,
    '',
    ...policies,
    ...answer.notes.map((note) => style.dim(`  ${oneLine(note)}`)),
    '',
  ].join('\n');
}
