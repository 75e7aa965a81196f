import type { Identity } from '@aos/core/access/identity.ts';
import type { Named } from '@aos/core/activity/call.ts';
import { type ReportedAction, readAction } from '@aos/core/activity/reported-span.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Govern } from '../govern/govern.ts';
import type { ArrivedSpan, Span } from '../otlp/span.ts';
import { checkSpan, clean } from '../otlp/span.ts';
import type { ProjectRow } from '../store/control-read.ts';

/** A span that becomes a step. */
export interface ToldSpan {
  span: Span;
  action: ReportedAction;
  agent: Named | null;
  session: string | null;
  /** The next span above it that becomes a step too, as far as this batch knows. */
  parent_span_id: string | null;
}

export interface Told {
  steps: ToldSpan[];
  /** Roots of traces, which say how their runs ended, whatever they are about. */
  roots: Span[];
  rejected: Rejected;
}

/** How many spans were not taken, and why the first of them was not. */
export interface Rejected {
  spans: number;
  first: string;
}

/** Sorts a batch into what becomes steps, what tells of ends, and what is refused; the rest is about nothing here. */
export async function tellSpans(
  govern: Pick<Govern, 'registry' | 'clock'>,
  identity: Identity,
  project: ProjectRow,
  arrived: readonly ArrivedSpan[],
): Promise<Told> {
  const told: Told = { steps: [], roots: [], rejected: { spans: 0, first: '' } };
  const reject = (span: ArrivedSpan, why: string) => {
    if (told.rejected.spans === 0) told.rejected.first = `${span.span_id.slice(0, 16) || 'a span without id'}: ${why}`;
    told.rejected.spans += 1;
  };
  const now_ms = govern.clock.now();
  const taken: { span: Span; action: ReportedAction | null; agent: Named | null }[] = [];
  for (const one of arrived) {
    // What this server exported comes back through a collector: it is known, and was decided.
    if (one.attributes.has('aos.run.id')) continue;
    const span = checkSpan(one, now_ms);
    const action = readAction(one.attributes);
    if (typeof span === 'string') {
      if (action) reject(one, span);
      continue;
    }
    const agent = await agentOf(govern, identity, project, action);
    if (typeof agent === 'string') reject(one, agent);
    else taken.push({ span, action, agent });
  }
  const parentOf = parents(taken);
  for (const { span, action, agent } of taken) {
    if (span.parent_span_id === null) told.roots.push(span);
    if (action === null) continue;
    const session = action.conversation === null ? null : clean(action.conversation, 256);
    told.steps.push({ span, action, agent, session, parent_span_id: parentOf(span) });
  }
  return told;
}

/** What can stand in a list, a URL and a log line, as in the header that names an agent. */
const name_shape = /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/;

/** The agent a span claims, or why it may not; a key that is bound to one agent speaks for that one. */
async function agentOf(
  { registry }: Pick<Govern, 'registry'>,
  identity: Identity,
  project: ProjectRow,
  action: ReportedAction | null,
): Promise<Named | null | string> {
  if (action === null) return null;
  const [only, ...others] = identity.agent_ids;
  const name = action.agent ?? (others.length === 0 ? only : undefined);
  if (name === undefined) return null;
  if (!name_shape.test(name)) return 'its agent has a name that is not 1 to 256 visible ASCII characters';
  try {
    const agent = await registry.agent(identity.tenant_id, project, name);
    const is_bound = identity.agent_ids.length > 0;
    return !is_bound || identity.agent_ids.includes(agent.id) ? agent : `this key is not bound to the agent "${name}"`;
  } catch (error) {
    if (error instanceof Problem && error.status === 400) return `the agent "${name}" is not registered here`;
    throw error;
  }
}

/** From a span to the next one above it that becomes a step: what lies between is passed over. */
function parents(taken: readonly { span: Span; action: ReportedAction | null }[]): (span: Span) => string | null {
  const keyOf = (trace_id: string, span_id: string) => `${trace_id} ${span_id}`;
  const passed = new Map<string, Span>();
  for (const { span, action } of taken) if (action === null) passed.set(keyOf(span.trace_id, span.span_id), span);
  return ({ trace_id, parent_span_id }) => {
    let above = parent_span_id;
    for (let n = 0; above !== null && n < parents_max; n++) {
      const between = passed.get(keyOf(trace_id, above));
      if (!between) return above;
      above = between.parent_span_id;
    }
    return null;
  };
}

/** Spans that go round in a circle are left there. */
const parents_max = 100;
