import { durationText, exactText, instantText, moneyText } from '../../ui/format.ts';
import { markOf, type ShownStep, stepName } from './step-words.ts';

/** What a caller wrote stays text wherever it is pasted. */
const inert = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('\n', ' ')}\``;

/** A step as a text for people: what it was, what it took, and what was decided about it. */
export function markdownOf(step: ShownStep): string {
  const { input_tokens, output_tokens, cost_usd, provider, model, error } = step;
  const mark = markOf(step);
  const said = (error ?? {}) as { code?: unknown; message?: unknown };
  const lines = [
    `**${inert(stepName(step))}** (${step.kind}), ${step.status}`,
    '',
    `- Step \`${step.id}\` of run \`${step.run_id}\``,
    `- Started ${instantText(Date.parse(step.started_at))}, took ${durationText(step.duration_ms)}`,
    model !== null && `- Model ${inert(provider === null ? model : `${provider} / ${model}`)}`,
    input_tokens !== null && `- Tokens ${exactText(input_tokens)} in, ${exactText(output_tokens ?? 0)} out`,
    step.record_id !== null && `- Cost ${moneyText(cost_usd)}, record \`${step.record_id}\``,
    step.decision_id !== null && `- Decision \`${step.decision_id}\`${mark === null ? '' : `: ${mark.word}`}`,
    said.message !== undefined && `- Error ${inert([said.code, said.message].filter(Boolean).join(': '))}`,
  ];
  return `${lines.filter((line) => line !== false).join('\n')}\n`;
}
