import { termination_reasons } from '@aos/core/activity/run.ts';
import { id_prefixes } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';
import { Filter } from './list.ts';

/** How runs are found by a text. */
export interface RunsOfText {
  text: string;
  agents: string[];
  actors: string[];
  sessions: string[];
}

/** So that what somebody types is text and no pattern. */
export const patternOf = (text: string): string => `%${text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;

/** Those whose names hold a text stand for what they did; undefined: no text is asked for. */
export async function runsOfText(tx: Tx, tenant_id: string, text: string | undefined): Promise<RunsOfText | undefined> {
  if (text === undefined) return undefined;
  const idsOf = async (statement: string, value: string) => {
    const rows = await tx.query<{ id: string }>(statement, [tenant_id, value]);
    return rows.map(({ id }) => id);
  };
  const [agents, actors, sessions] = await Promise.all([
    idsOf('select id from agents where tenant_id = $1 and (slug ilike $2 or name ilike $2)', patternOf(text)),
    idsOf('select id from actors where tenant_id = $1 and slug ilike $2', patternOf(text)),
    // There are too many sessions to look into their names: all of one is looked up.
    idsOf(
      `select s.id from projects p join sessions s
        on s.tenant_id = p.tenant_id and s.project_id = p.id and s.external_id = $2 where p.tenant_id = $1`,
      text,
    ),
  ]);
  return { text, agents, actors, sessions };
}

/** Only these runs have goals: each kind is found by its index, and a call without a goal is never looked at. */
const with_goals = ["r.mode = 'managed'", "r.mode = 'external'", 'r.is_synthetic'];

/** The conditions of which one at least holds for what the text finds, with their values behind the others. */
export function foundBy({ text, agents, actors, sessions }: RunsOfText, values: unknown[]): string[] {
  const when = (condition: string, ...of: unknown[]) => new Filter(values).where(condition, ...of).text;
  const among = (column: string, ids: string[]) => (ids.length > 0 ? [new Filter(values).among(column, ids).text] : []);
  const reasons = termination_reasons.filter((reason) =>
    reason.includes(text.trim().replaceAll(' ', '_').toUpperCase()),
  );
  const is_id = text.startsWith(`${id_prefixes.run}_`);
  const has_goal = when('r.goal ilike ?', patternOf(text));
  return [
    ...with_goals.map((kind) => `${kind} and ${has_goal}`),
    ...among('r.agent_id', agents),
    ...among('r.actor_id', actors),
    ...among('r.session_id', sessions),
    ...among('r.termination_reason', reasons),
    // Letters and digits of an id come before this sign.
    ...(is_id ? [`${when('r.id >= ?', text)} and ${when('r.id < ?', `${text}{`)}`] : []),
  ];
}
