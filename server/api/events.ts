import type { RunEvent, TenantEvent } from '@aos/core/activity/event.ts';
import type { StreamEvent } from '@aos/core/api/endpoint.ts';
import type { event_endpoints } from '@aos/core/api/events.ts';
import { firstSuffixAt, id_prefixes } from '@aos/core/base/id.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import type { Tx } from '../base/database.ts';
import { waited } from '../http/event-streams.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { type Moment, momentOf, momentText, thisMoment } from '../store/moment.ts';
import { lookedBackTo, runChanges, tenantChanges } from '../store/run-events.ts';
import { inTenant } from './change.ts';
import { mayRead, visibleProject, visibleRun } from './read.ts';
import { runEventsOf, tenantEventsOf } from './tell-events.ts';

/** How often it is looked what has happened: on every replica, whoever did it. */
const look_every_ms = 400;

export const event_handlers: Handlers<typeof event_endpoints> = {
  async followRun({ params }, context) {
    const since = momentOf(context.last_event_id);
    await inTenant(context, (tx) => visibleRun(tx, context, params.id));
    const once = toldOnce(since);
    return looks(context, since, async (tx, seen) => {
      const changes = await runChanges(tx, params.id, seen);
      const told = runEventsOf(context.deps.config.public_url, changes, mayRead(context)).filter(once);
      return { told, is_over: changes.run.is_ended };
    });
  },

  async followTenant(_input, context) {
    const since = momentOf(context.last_event_id) ?? (await inTenant(context, thisMoment));
    const project_id = visibleProject(context);
    return looks(context, since, async (tx, seen) => {
      const from = seen ?? since;
      const suffix = firstSuffixAt(lookedBackTo(from));
      const first = { run: `${id_prefixes.run}_${suffix}`, event: `${id_prefixes.event}_${suffix}` };
      const changes = await tenantChanges(tx, { since: from, project_id, first });
      const at = instantText(context.deps.clock.now());
      return { told: tenantEventsOf(context.deps.config.public_url, changes, at), is_over: false };
    });
  },
};

/**
 * A plan is told once, and of each attempt of a step that it has begun: their rows change again when steps end. What
 * began before the listener was cut off has been told to it.
 */
function toldOnce(since: Moment | null): (event: RunEvent) => boolean {
  const told = new Set<string>();
  return (event) => {
    if (event.type !== 'run.planned' && event.type !== 'step.started') return true;
    const key = event.type === 'run.planned' ? event.type : `${event.name} ${event.attempt}`;
    const is_new = !told.has(key) && (since === null || epochMs(event.at) >= since.at_ms);
    told.add(key);
    return is_new;
  };
}

type Look = (tx: Tx, seen: Moment | null) => Promise<{ told: (RunEvent | TenantEvent)[]; is_over: boolean }>;

/**
 * Looks again and again, and tells what came since. Only the last event of a look carries the position: whoever is cut
 * off in the middle gets the whole look again.
 */
async function* looks(context: Context, since: Moment | null, look: Look): AsyncGenerator<StreamEvent> {
  let seen = since;
  do {
    const { moment, told, is_over } = await inTenant(context, async (tx) => {
      const now = await thisMoment(tx);
      return { moment: now, ...(await look(tx, seen)) };
    });
    seen = moment;
    for (const [n, data] of told.entries()) yield { data, position: n === told.length - 1 ? momentText(moment) : null };
    if (is_over) return;
  } while (await waited(look_every_ms, context.gone));
}
