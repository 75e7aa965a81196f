import type { Tx } from '../base/database.ts';

/** What a replay asks of a call or step, in the order in which it is packed. */
const members = [
  ...(['id', 'run_id', 'project_id', 'agent_id', 'actor_id', 'api_key_id', 'session_id'] as const),
  ...(['provider', 'model', 'tags', 'tools', 'usage_source'] as const),
  ...(['bound_input', 'bound_by', 'bound_wanted', 'bound_floor', 'choices', 'tool_results'] as const),
  ...(['base_pico', 'output_pico', 'input_tokens', 'output_tokens', 'cost_usd', 'admitted_ms', 'settled_ms'] as const),
] as const;
type Member = (typeof members)[number];

/** Each member as the text that the database has; '' where it has none. */
export type RecordedRow = Record<Member, string>;

/** The column of each member; null: the rows have none. */
export type PackedColumns = Record<Member, string | null>;

/** What stands between two members and between two rows: JSON escapes both, and in names they are replaced. */
const between_members = '\u001f';
const between_rows = '\u001e';
const named_by_callers = new Set<Member>(['provider', 'model']);
const instants = new Set<Member>(['admitted_ms', 'settled_ms']);

/**
 * Reads rows as one text, to be taken apart where they are needed: the driver would make each member of each row by
 * itself, which takes several times as long.
 */
export async function readPacked(tx: Tx, columns: PackedColumns, from: string, values: unknown[]): Promise<string[]> {
  const packed = members.map((name) => packedText(name, columns[name])).join(', ');
  const [found] = await tx.query<{ rows: string | null }>(
    `select string_agg(packed, e'\\x1e') as rows from (select concat_ws(e'\\x1f', ${packed}) as packed from ${from}) of_rows`,
    values,
  );
  return found?.rows?.split(between_rows) ?? [];
}

function packedText(name: Member, column: string | null): string {
  if (column === null) return "''";
  if (instants.has(name)) return `(date_part('epoch', ${column}) * 1000)::bigint`;
  const text = `coalesce((${column})::text, '')`;
  return named_by_callers.has(name) ? `translate(${text}, e'\\x1e\\x1f', '??')` : text;
}

export const idOfPacked = (row: string): string => row.slice(0, row.indexOf(between_members));

export function unpacked(row: string): RecordedRow {
  const of = row.split(between_members);
  return {
    id: of[0] ?? '',
    run_id: of[1] ?? '',
    project_id: of[2] ?? '',
    agent_id: of[3] ?? '',
    actor_id: of[4] ?? '',
    api_key_id: of[5] ?? '',
    session_id: of[6] ?? '',
    provider: of[7] ?? '',
    model: of[8] ?? '',
    tags: of[9] ?? '',
    tools: of[10] ?? '',
    usage_source: of[11] ?? '',
    bound_input: of[12] ?? '',
    bound_by: of[13] ?? '',
    bound_wanted: of[14] ?? '',
    bound_floor: of[15] ?? '',
    choices: of[16] ?? '',
    tool_results: of[17] ?? '',
    base_pico: of[18] ?? '',
    output_pico: of[19] ?? '',
    input_tokens: of[20] ?? '',
    output_tokens: of[21] ?? '',
    cost_usd: of[22] ?? '',
    admitted_ms: of[23] ?? '',
    settled_ms: of[24] ?? '',
  };
}
