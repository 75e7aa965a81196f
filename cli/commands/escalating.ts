import { type Escalation, escalationOf } from '@aos/core/activity/escalation-text.ts';
import { CommandError } from '../frame/exit-codes.ts';

/** What `--escalates` says; absent: nothing ends the quiet before its time. */
export function escalating(text: string | undefined): Escalation | undefined {
  if (text === undefined) return undefined;
  const of = escalationOf(text);
  if (of) return of;
  throw new CommandError(
    'usage',
    `Cannot read --escalates ${text}`,
    'it says how many, in how many hours (24 at most)',
    'write it like  --escalates ">50/1h"',
  );
}
