import type { Item } from '../api.ts';

type Asked = Pick<Item<'listApprovals'>, 'run_id' | 'run_ended_at' | 'subject'>;

/** Whether the balance it is about is that of its run alone, so that no call of another run waits for the answer. */
const isOfItsRun = ({ subject, run_id }: Asked): boolean => subject.split(' ').includes(run_id);

/**
 * What an answer still does: lets go on what waits, holds for later calls of others who share the balance, or nothing,
 * as of a question about one run that has ended.
 */
export function effectOf(asked: Asked): 'goes on' | 'later calls' | 'nothing' {
  if (asked.run_ended_at === null) return 'goes on';
  return isOfItsRun(asked) ? 'nothing' : 'later calls';
}
