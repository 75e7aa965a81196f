import { unreachable } from '../base/assert.ts';
import { listOf, subjectOf } from './sentence.ts';
import type { Narrowed, Target } from './target.ts';

/** What kept calls out of a target, as it stands behind how many they were: `412 were not of agent support-bot`. */
export function keptOutWords(by: 'target' | Narrowed, target: Target): string {
  const { except_ids, when = {} } = target;
  switch (by) {
    case 'target':
      return `not ${subjectOf({ ...target, when: undefined, except_ids: [] })}`;
    case 'excepted':
      return `excepted by ${listOf(except_ids, 'or')}`;
    case 'model':
      return `to another model than ${listOf(when.model ?? [], 'or')}`;
    case 'provider':
      return `at another provider than ${listOf(when.provider ?? [], 'or')}`;
    case 'tool':
      return `without tool ${listOf(when.tool ?? [], 'or')}`;
    case 'tag':
      return `not tagged ${listOf(when.tag ?? [], 'or')}`;
    default:
      return unreachable(by);
  }
}
