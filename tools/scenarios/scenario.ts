import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

/** What can be brought about, through the public API and nothing else. Names: ${project} ${agent} ${actor} ${key} ${policy} ${run}. */
const policy = z.looseObject({ name: z.string(), target: z.unknown(), controls: z.array(z.unknown()) });
const call = z.strictObject({
  model: z.string().default('mock-small'),
  agent: z.string().optional(),
  actor: z.string().optional(),
  session: z.string().optional(),
  run: z.string().optional(),
  wire: z.enum(['chat', 'messages', 'responses']).default('chat'),
  stream: z.boolean().default(false),
  max_tokens: z.int().default(20),
  prompt: z.string().default('Say hello.'),
  times: z.int().min(1).max(50).default(1),
  key: z.string().optional().meta({ description: 'A key that is none of ours' }),
  headers: z.record(z.string(), z.string()).default({}),
});
const reason = z.string().default('the scenario asks for it');

const cause = z.union([
  z.strictObject({ policy }),
  z.strictObject({ draft: policy }),
  z.strictObject({ shadow: policy }),
  z.strictObject({ apply: z.array(policy) }),
  z.strictObject({ call }),
  z.strictObject({ run: z.looseObject({ goal: z.string() }) }),
  z.strictObject({ finish: z.enum(['succeeded', 'failed', 'cancelled']) }),
  z.strictObject({ to_run: z.enum(['kill', 'pause', 'resume', 'cancel', 'retry']), reason }),
  z.strictObject({ to_policy: z.enum(['activate', 'disable', 'retire']), reason }),
  z.strictObject({ edit: policy }),
  z.strictObject({ raise: z.looseObject({ hours: z.number() }), reason }),
  z.strictObject({ exempt: z.looseObject({ hours: z.number() }), reason }),
  z.strictObject({ contain: z.enum(['agent', 'actor', 'api_key']), reason }),
  z.strictObject({ release: z.literal('all'), reason }),
  z.strictObject({ to_key: z.enum(['rotate', 'revoke']), reason }),
  z.strictObject({ bind: z.looseObject({}), reason }),
  z.strictObject({ simulate: z.looseObject({}) }),
  z.strictObject({ explain: z.looseObject({}) }),
]);
export type Cause = z.infer<typeof cause>;

const like = z.record(z.string(), z.unknown());

/** What must be there afterwards, in all four domains; a list is complete and in order, an object names what matters. */
const effects = z.strictObject({
  answers: z
    .array(z.union([z.int(), z.string()]))
    .default([])
    .meta({ description: 'Of calls, by status or code' }),
  told: z.array(like).default([]).meta({ description: 'Answers of simulate and explain' }),
  activity: z.strictObject({ runs: z.array(like), steps: z.array(z.string()) }),
  policies: z.strictObject({
    decisions: z.array(like),
    statuses: z.array(z.string()).optional(),
    posted: z.array(z.unknown()).optional(),
  }),
  incidents: z.array(like),
  logs: z.strictObject({ records: z.array(like), ledger: z.array(z.string()) }),
});
export type Effects = z.infer<typeof effects>;

const scenario = z.strictObject({
  name: z.string(),
  rows: z
    .array(z.string().regex(/^[SB]\d{1,2}$/))
    .min(1)
    .meta({ description: 'Rows of the mission that it shows' }),
  causes: z.array(cause).min(1),
  effects,
});
export type Scenario = z.infer<typeof scenario> & { id: string };

const folder = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** Every file of scenarios/, by name. A file that says what nobody knows is refused with its name. */
export function allScenarios(): Scenario[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => {
      const read = scenario.safeParse(parse(readFileSync(`${folder}${name}`, 'utf8')));
      if (!read.success) throw new Error(`scenarios/${name}: ${z.prettifyError(read.error)}`);
      return { ...read.data, id: name.replace(/\.yaml$/, '') };
    });
}
