import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { mayActivate, namesOfKeys, peopleBehind } from '../store/people.ts';
import type { ProjectRow } from '../store/projects.ts';
import { nowText } from './change.ts';
import { urlOf } from './read.ts';
import { SecondPersonWanted } from './second-person.ts';

type Rule = Pick<ProjectRow, 'two_person_rule' | 'two_person_rule_end'>;

/** The rule of a project as somebody wants it: on at once, off when a second person wants that too. */
export async function ruleTurned(
  tx: Tx,
  context: Context,
  project: ProjectRow,
  wanted: boolean,
  reason: string | null,
): Promise<Rule> {
  if (wanted) {
    if (!project.two_person_rule) await refuseAlone(tx, context);
    return { two_person_rule: true, two_person_rule_end: null };
  }
  if (!project.two_person_rule) return { two_person_rule: false, two_person_rule_end: null };
  const asked = project.two_person_rule_end;
  if (asked === null) return { two_person_rule: true, two_person_rule_end: await askedBy(tx, context, reason) };
  if (!(await isSomebodyElse(tx, context, [asked.asked_by]))) throw ownQuestion(context, project);
  return { two_person_rule: false, two_person_rule_end: null };
}

/** A rule that nobody could ever fulfil stops every policy of the project. */
export async function refuseAlone(tx: Tx, context: Context): Promise<void> {
  if (await isSomebodyElse(tx, context, await mayActivate(tx, nowText(context)))) return;
  throw new Problem(
    'conflict',
    'The two-person rule needs a second person, and nobody but you may activate policies here: keys that you made act for you. Invite somebody as approver or admin first (Settings, Members).',
  );
}

async function askedBy(tx: Tx, context: Context, reason: string | null) {
  const { id } = context.identity.api_key;
  const name = (await namesOfKeys(tx, [id], null)).get(id);
  const asked_by_name = present(name, 'the name of the key that asks');
  return { asked_by: id, asked_by_name, asked_at: nowText(context), reason: reason ?? '' };
}

/** Some of the keys are of another person than the caller. */
async function isSomebodyElse(tx: Tx, { identity }: Context, keys: readonly string[]): Promise<boolean> {
  const people = await peopleBehind(tx, [identity.api_key.id, ...keys]);
  const own = people.get(identity.api_key.id) ?? new Set();
  return keys.some((key) => ![...(people.get(key) ?? own)].some((person) => own.has(person)));
}

function ownQuestion(context: Context, { id, slug, two_person_rule_end }: ProjectRow): SecondPersonWanted {
  const attempt = {
    event: 'PROJECT_APPROVAL_REFUSED',
    object_type: 'project',
    object_id: id,
    project_id: id,
    before: { two_person_rule: true, two_person_rule_end },
    after: { two_person_rule: false },
  };
  return new SecondPersonWanted(
    `You asked already to turn the two-person rule of project ${slug} off, and it takes a second person. Ask somebody else who may change projects to turn it off too: ${urlOf(context, id)}.`,
    [attempt],
  );
}
