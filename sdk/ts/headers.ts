/** On whose behalf a call is made, and what it belongs to. Agents, actors, sessions and projects by id or slug. */
export interface CallContext {
  agent_id?: string | undefined;
  /** The human on whose behalf it calls. */
  actor_id?: string | undefined;
  /** Calls of one session belong to one run. */
  session_id?: string | undefined;
  run_id?: string | undefined;
  step_id?: string | undefined;
  /** Only for keys of the whole tenant. */
  project?: string | undefined;
  tags?: Record<string, string> | undefined;
  /** Tags named `meta.<name>`. */
  meta?: Record<string, string> | undefined;
  /** Decide and answer with the decision; call no provider. */
  dry_run?: boolean | undefined;
  traceparent?: string | undefined;
}

/** The headers that tell the gateway about a call; nothing is sent for what is not given. */
export function headersOf(context: CallContext): Record<string, string> {
  const tags = Object.entries(context.tags ?? {}).map(([name, value]) => `${name}=${value}`);
  const named = {
    'x-aos-agent-id': context.agent_id,
    'x-aos-actor-id': context.actor_id,
    'x-aos-session-id': context.session_id,
    'x-aos-run-id': context.run_id,
    'x-aos-step-id': context.step_id,
    'x-aos-project': context.project,
    'x-aos-tags': tags.length > 0 ? tags.join(',') : undefined,
    'x-aos-dry-run': context.dry_run ? '1' : undefined,
    traceparent: context.traceparent,
    ...Object.fromEntries(Object.entries(context.meta ?? {}).map(([name, value]) => [`x-aos-meta-${name}`, value])),
  };
  return Object.fromEntries(Object.entries(named).filter((pair): pair is [string, string] => pair[1] !== undefined));
}
