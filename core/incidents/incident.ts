import { z } from 'zod';
import { escalation } from '../activity/escalation.ts';
import { categories, severities } from '../activity/run.ts';
import { asker_names } from '../activity/run-object.ts';
import { count } from '../base/column.ts';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { violation } from '../policies/violation.ts';

export const incident_statuses = ['open', 'acknowledged', 'resolved'] as const;
export type IncidentStatus = (typeof incident_statuses)[number];

/** What an incident turned out to be. */
export const incident_causes = ['breach', 'expected', 'false_positive', 'wrong_limit'] as const;
export type IncidentCause = (typeof incident_causes)[number];

/** A case for people: the columns of `incidents`, the name of its policy and the page that shows it. */
export const incident = z
  .object({
    tenant_id: idOf('tenant'),
    id: idOf('incident'),
    source_run_id: idOf('run'),
    violation_policy_id: z.string().meta({ description: 'A policy, or SYSTEM_DEFAULT when none was involved' }),
    trace_id: idOf('trace'),
    decision_id: idOf('decision').nullable(),
    project_id: idOf('project'),
    agent_id: idOf('agent').nullable(),
    actor_id: idOf('actor').nullable(),
    api_key_id: idOf('api_key'),
    category: z.enum(categories),
    severity: z.enum(severities),
    status: z.enum(incident_statuses),
    title: z.string(),
    occurrences: z.int(),
    is_synthetic: z.boolean(),
    opened_at: instant,
    last_occurred_at: instant,
    owner: z.string().nullable().meta({ description: 'Who looks after it: a person or a team' }),
    acknowledged_at: instant.nullable(),
    acknowledged_by: z.string().nullable(),
    acknowledged_until: instant.nullable().meta({ description: 'Then it is open again' }),
    escalates: escalation.nullable().meta({ description: 'What opens it before that time' }),
    resolved_at: instant.nullable(),
    resolved_by: z.string().nullable(),
    cause: z.enum(incident_causes).nullable(),
    resolution: z.string().nullable().meta({ description: 'The reason given when it was resolved' }),
    ...asker_names,
    policy_name: z.string().nullable(),
    url: z.string(),
  })
  .meta({ id: 'Incident' });

export const incident_with_violations = incident
  .extend({
    violations: z.array(violation).meta({ description: 'The first 200 of its run under its policy, in order' }),
    record_id: idOf('record')
      .nullable()
      .meta({ description: 'The LLM run record of its decision, when a call was made' }),
    acknowledged_by_name: z.string().nullable().meta({
      description: 'Of the key or the person; null also: outside of the only project that the caller sees',
    }),
    policy_url: z.string().nullable(),
    run_url: z.string(),
    timeline: z.string().meta({ description: 'Path of its timeline' }),
  })
  .meta({ id: 'IncidentWithViolations' });

/** What incidents may be grouped by, in the order in which the key is shown. */
export const incident_groupings = ['policy', 'agent', 'category'] as const;
export type IncidentGrouping = (typeof incident_groupings)[number];

/** Incidents alike in policy, agent and category, or in those of them that were asked for. */
export const incident_group = z
  .object({
    grouped_by: z.array(z.enum(incident_groupings)),
    key: z
      .object({
        violation_policy_id: z.string().optional(),
        agent_id: idOf('agent').nullable().optional(),
        category: z.enum(categories).optional(),
      })
      .meta({ description: 'What the incidents of the group have in common' }),
    policy_name: z.string().nullable(),
    agent_slug: z.string().nullable(),
    incidents: count,
    open: count,
    acknowledged: count,
    resolved: count,
    occurrences: count,
    severity: z.enum(severities).meta({ description: 'The highest of the group' }),
    first_opened_at: instant,
    last_occurred_at: instant,
    latest_incident_id: idOf('incident'),
    latest_title: z.string(),
    owner: z.string().nullable().meta({ description: 'The owner of all that have one; null also when they differ' }),
    acknowledged_until: instant.nullable().meta({ description: 'When the first of them is open again' }),
    last_day: z.array(count).meta({ description: 'How many were opened in each of the last 24 hours, oldest first' }),
    url: z.string().meta({ description: 'The list of its incidents in the console' }),
  })
  .meta({ id: 'IncidentGroup' });
export type IncidentGroup = z.infer<typeof incident_group>;
