import { Problem } from '@aos/core/base/error.ts';
import { isObject, type Json } from '@aos/core/base/json.ts';
import type { PageQuery } from '@aos/core/base/page.ts';
import { incident } from '@aos/core/incidents/incident.ts';
import { timeline_entry } from '@aos/core/incidents/timeline.ts';
import type { Row, Tx } from '../base/database.ts';
import type { Context } from '../http/handler.ts';
import { readTimeline } from '../store/incident-timeline-read.ts';
import { pageOf, urlOf, visibleProject } from './read.ts';

/** What happened around an incident. */
export async function timelineOf(
  tx: Tx,
  context: Context,
  row: Row,
  query: PageQuery & { level?: 'story' | 'detail' | undefined },
) {
  const shape = incident.pick({
    id: true,
    source_run_id: true,
    violation_policy_id: true,
    decision_id: true,
    opened_at: true,
  });
  const asked = { incident: shape.parse(row), bound_to: visibleProject(context), level: query.level };
  const slice = await readTimeline(tx, asked, { limit: query.limit, cursor: entryCursor(query.cursor) });
  return pageOf(context, slice, (of) =>
    timeline_entry.parse({ ...of, text: sentenceOf(of), url: urlOf(context, of.object_id) }),
  );
}

const of_entry = /^(evt|vio|alr|dlv)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

function entryCursor(cursor: string | undefined): string | null {
  if (cursor === undefined || of_entry.test(cursor)) return cursor ?? null;
  throw new Problem(
    'invalid_query',
    'The query cannot be read: cursor is not one of this timeline. Send next_cursor of the page before, or none for the first page.',
  );
}

type About = { [name: string]: Json };

/** What one entry says in words. */
function sentenceOf(row: Row): string {
  const about = isObject(row.about as Json) ? (row.about as About) : {};
  switch (row.kind) {
    case 'violation':
      return violationWords(about);
    case 'alert':
      return String(about.text);
    case 'delivery':
      return deliveryWords(String(row.status), about);
    default:
      return ledgerWords(String(row.event), about);
  }
}

function violationWords({ control_type, used, requested, limit_value, unit, action }: About): string {
  const amounts =
    used === null || limit_value === null ? '' : `: ${used} used and ${requested} asked of ${limit_value} ${unit}`;
  return `${control_type} fired (${action})${amounts}`;
}

function deliveryWords(status: string, { channel, kind, attempts, last_error }: About): string {
  if (status === 'delivered') return `Told ${channel} (${kind})`;
  const failed = `Could not tell ${channel} (${kind}) in ${attempts} attempts: ${last_error}`;
  return status === 'dead' ? failed : `Will tell ${channel} (${kind})${last_error === null ? '' : `: ${last_error}`}`;
}

const cause_words: Record<string, string> = {
  breach: 'a real breach',
  expected: 'expected',
  false_positive: 'a false positive',
  wrong_limit: 'a wrong limit',
};

function ledgerWords(event: string, after: About): string {
  switch (event) {
    case 'INCIDENT_CREATED':
      return 'The incident was opened';
    case 'INCIDENT_RAISED':
      return `Became ${after.severity}: ${after.title}`;
    case 'INCIDENT_ACKNOWLEDGED':
      return `Acknowledged until ${after.acknowledged_until}`;
    case 'INCIDENT_RESOLVED':
      return `Resolved as ${cause_words[String(after.cause)] ?? 'resolved'}`;
    case 'INCIDENT_REOPENED':
      return 'Open again';
    case 'INCIDENT_ASSIGNED':
      return after.owner === null ? 'Nobody looks after it' : `${after.owner} looks after it`;
    default: {
      const words = event.toLowerCase().replaceAll('_', ' ');
      return words.charAt(0).toUpperCase() + words.slice(1);
    }
  }
}
