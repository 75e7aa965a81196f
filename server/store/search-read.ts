import { firstSuffixAt, type IdKind, id_prefixes } from '@aos/core/base/id.ts';
import type { Tx } from '../base/database.ts';
import { patternOf } from './runs-of-text.ts';

export interface Hit {
  kind: string;
  id: string;
  name: string;
  about: string | null;
}

export interface SearchAsk {
  text: string;
  bound_to: string | null;
  /** Which runs and incidents are found by their words; null: both kinds. By its id each is found. */
  is_synthetic: boolean | null;
  limit: number;
  /** Goals are looked through from here on. */
  since_ms: number;
}

/** $1 is the pattern, $2 the only project that may be seen, $3 and $4 the ids that begin with the text, $5 the text. */
const of_own = (column: string) => `($2::text is null or ${column} = $2)`;
const of_all = '$2::text is not distinct from $2';
const of_id = '(id >= $3 and id < $4)';
const of_kind = (is_synthetic: boolean | null) =>
  is_synthetic === null ? 'true' : is_synthetic ? 'is_synthetic' : 'not is_synthetic';
/** What was taken away with its project is not there any more for who looks by name. */
const still_there = (table: string) =>
  `not exists (select from projects p where p.tenant_id = ${table}.tenant_id and p.id = ${table}.project_id and p.retired_at is not null)`;

/** Each kind with what it is found by, a few of each; of agents the exact before the near. */
const kinds = (is_synthetic: boolean | null): [kind: IdKind, statement: string][] => [
  [
    'agent',
    `select id, slug as name, name as about from agents where tenant_id = current_tenant() and (${of_id} or slug ilike $1 or name ilike $1) and ${of_own('project_id')} and ${still_there('agents')} order by slug = $5 desc, id desc`,
  ],
  [
    'policy',
    `select id, document ->> 'name' as name, status as about from policies where tenant_id = current_tenant() and (${of_id} or document ->> 'name' ilike $1) and ${of_all} order by status = 'active' desc, id desc`,
  ],
  [
    'api_key',
    `select id, name, hint as about from api_keys where tenant_id = current_tenant() and (${of_id} or name ilike $1) and hash not like 'member:%' and ${of_own('project_id')} order by id desc`,
  ],
  [
    'project',
    `select id, slug as name, name as about from projects where tenant_id = current_tenant() and retired_at is null and (${of_id} or slug ilike $1 or name ilike $1) and ${of_own('id')} order by id desc`,
  ],
  [
    'actor',
    `select id, slug as name, kind as about from actors where tenant_id = current_tenant() and (${of_id} or slug ilike $1) and ${of_all} order by id desc`,
  ],
  [
    'channel',
    `select id, slug as name, kind as about from channels where tenant_id = current_tenant() and removed_at is null and (${of_id} or slug ilike $1 or name ilike $1) and ${of_all} order by id desc`,
  ],
  [
    'incident',
    `select id, title as name, status as about from incidents where tenant_id = current_tenant() and (${of_id} or title ilike $1 and ${of_kind(is_synthetic)}) and ${of_own('project_id')} order by id desc`,
  ],
];

/** Runs of each way to have a goal whose goals are looked through. */
const goals_read = 10_000;

/** Only these have goals: they are found by their indexes, and a call without a goal is never looked at. */
const with_goals = (is_synthetic: boolean | null) =>
  ["mode = 'managed'", "mode = 'external'", ...(is_synthetic === false ? [] : ['is_synthetic'])].map(
    (part) => `(select id, goal, status, project_id from runs
      where tenant_id = current_tenant() and id > $5 and ${part} and ${of_kind(is_synthetic)}
      order by id desc limit ${goals_read})`,
  );

/** Looked up for the few that are found, so that the indexes still answer which those are. */
const agent_of_run = `(select a.slug from runs r join agents a on a.tenant_id = r.tenant_id and a.id = r.agent_id
  where r.tenant_id = current_tenant() and r.id = runs.id)`;

const is_killed = `exists (select from stops k where k.tenant_id = current_tenant() and k.kind = 'run' and k.subject_id = runs.id
  and k.released_at is null)`;

/** Runs by the beginning of their id, a range of the key, and the newest ones by their goal. */
const runs = (each: number, is_synthetic: boolean | null) => `
  select id, coalesce(goal, id) as name, concat_ws(', ', ${agent_of_run}, case when ${is_killed} then 'killed' else status end) as about from (
      (select id, goal, status from runs where tenant_id = current_tenant() and ${of_id} and ${of_own('project_id')}
        order by id desc limit ${each})
      union
      (select id, goal, status from (${with_goals(is_synthetic).join(' union all ')}) goals
        where goal ilike $1 and ${of_own('project_id')} order by id desc limit ${each})) runs
    order by id desc`;

/** What fits a text, kind by kind. */
export async function search(tx: Tx, { text, bound_to, is_synthetic, limit, since_ms }: SearchAsk): Promise<Hit[]> {
  const each = Math.max(2, Math.ceil(limit / 5));
  const valuesFor = (kind: IdKind) => [patternOf(text), bound_to, ...idsLike(kind, text)];
  const found = await Promise.all([
    ...kinds(is_synthetic).map(([kind, statement]) => {
      const values = valuesFor(kind);
      return read(tx, kind, `${statement} limit ${each}`, kind === 'agent' ? [...values, text] : values);
    }),
    read(tx, 'run', `${runs(each, is_synthetic)} limit ${each}`, [
      ...valuesFor('run'),
      `run_${firstSuffixAt(since_ms)}`,
    ]),
  ]);
  return found.flat().slice(0, limit);
}

/** The ids that begin with a text, from the first to before the last; none where the text does not name the kind. */
function idsLike(kind: IdKind, text: string): [string, string] | [null, null] {
  // Letters and digits of an id come before this sign.
  return text.startsWith(`${id_prefixes[kind]}_`) ? [text, `${text}{`] : [null, null];
}

async function read(tx: Tx, kind: string, statement: string, values: readonly unknown[]): Promise<Hit[]> {
  const rows = await tx.query<Omit<Hit, 'kind'>>(statement, values);
  return rows.map((row) => ({ kind, ...row }));
}
