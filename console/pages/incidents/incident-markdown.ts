import type { Answer, Item } from '../../api.ts';
import { instantText } from '../../ui/format.ts';

type IncidentObject = Pick<
  Answer<'getIncident'>,
  'id' | 'title' | 'severity' | 'status' | 'category' | 'policy_name' | 'agent_slug' | 'owner' | 'source_run_id' | 'url'
>;
type Entry = Pick<Item<'listIncidentTimeline'>, 'at' | 'text' | 'reason' | 'actor_id' | 'actor_name'>;

/** What others wrote stays text wherever it is pasted. */
const inert = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('\n', ' ')}\``;

/** An incident and what is shown of its timeline, as a text for people. */
export function markdownOf(of: IncidentObject, entries: readonly Entry[]): string {
  const facts: [string, string | null][] = [
    ['Category', of.category],
    ['Policy', of.policy_name && inert(of.policy_name)],
    ['Agent', of.agent_slug && inert(of.agent_slug)],
    ['Owner', of.owner && inert(of.owner)],
    ['Run', inert(of.source_run_id)],
    ['Page', of.url],
  ];
  return [
    `**${inert(of.title)}** (${of.severity}, ${of.status})`,
    '',
    `- Incident ${inert(of.id)}`,
    ...facts.filter(([, text]) => text !== null).map(([name, text]) => `- ${name} ${text}`),
    '',
    ...entries.map(lineOf),
    '',
  ].join('\n');
}

function lineOf({ at, text, reason, actor_id, actor_name }: Entry): string {
  const who = actor_name ?? actor_id;
  const why = reason && reason !== text ? `: ${inert(reason)}` : '';
  return `- ${instantText(Date.parse(at))} ${inert(text)}${who === null ? '' : ` by ${inert(who)}`}${why}`;
}
