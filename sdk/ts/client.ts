import type { RunEvent, TenantEvent } from '@aos/core/activity/event.ts';
import { Caller } from './caller.ts';
import { type AnthropicOptions, anthropicOptions, type OpenAIOptions, openaiOptions } from './client-options.ts';
import type { Answer, Body } from './contract.ts';
import { follow, type StreamOptions } from './follow.ts';
import { Guard } from './guard.ts';
import { type CallContext, headersOf } from './headers.ts';
import { type PollOptions, pollRun } from './poll-run.ts';
import type { RequestOptions } from './request.ts';
import { type Resources, resourcesOf } from './resources.ts';
import { type AskedRun, currentRun, type RunScope, withRun } from './run-scope.ts';
import type { AOSOptions } from './settings.ts';

/**
 * A client of one AOS server.
 *
 * Everything throws an AOSError with the server's code, message and details; see errors.ts for its kinds. POST requests
 * carry an idempotency key, and a request is repeated only when the server says that this helps.
 */
export class AOS extends Caller {
  readonly runs: Resources['runs'] & { stream: AOS['streamRun'] };
  readonly activity: Resources['activity'];
  readonly policies: Resources['policies'];
  readonly limits: Resources['limits'];
  readonly signals: Resources['signals'];
  readonly incidents: Resources['incidents'];
  readonly approvals: Resources['approvals'];
  readonly containments: Resources['containments'];
  readonly decisions: Resources['decisions'];
  readonly logs: Resources['logs'];
  readonly projects: Resources['projects'];
  readonly agents: Resources['agents'];
  readonly actors: Resources['actors'];
  readonly keys: Resources['keys'];
  readonly providers: Resources['providers'];
  readonly prices: Resources['prices'];
  readonly guard: Guard;

  constructor(options: AOSOptions = {}) {
    super(options);
    const of = resourcesOf(this);
    this.runs = { ...of.runs, stream: (...asked) => this.streamRun(...asked) };
    this.activity = of.activity;
    this.policies = of.policies;
    this.limits = of.limits;
    this.signals = of.signals;
    this.incidents = of.incidents;
    this.approvals = of.approvals;
    this.containments = of.containments;
    this.decisions = of.decisions;
    this.logs = of.logs;
    this.projects = of.projects;
    this.agents = of.agents;
    this.actors = of.actors;
    this.keys = of.keys;
    this.providers = of.providers;
    this.prices = of.prices;
    this.guard = new Guard(this, () => currentRun()?.context ?? {});
  }

  /** What this key, and an agent, may do now: skills, models, permissions, room in each limit. */
  getCapabilities(agent_id?: string, options?: RequestOptions): Promise<Answer<'getCapabilities'>> {
    return this.call('getCapabilities', { query: { agent_id } }, options);
  }

  /** What a run would meet now. Calls no provider and writes nothing. */
  simulate(asked: Body<'simulate'>, options?: RequestOptions): Promise<Answer<'simulate'>> {
    return this.call('simulate', { body: asked }, options);
  }

  /** Asks for a goal to be reached. The answer is the run as it is queued; `pollRun` waits for its end. */
  postGoal(asked: Body<'createRun'>, options?: RequestOptions): Promise<Answer<'createRun'>> {
    return this.call('createRun', { body: asked }, options);
  }

  /** The run when it has ended, however it ended. Throws RunTimeoutError when it has not in time. */
  pollRun(id: string, options?: PollOptions): Promise<Answer<'getRun'>> {
    return pollRun(this, id, options);
  }

  /**
   * What happens in a run, from its beginning and as it happens; ends after `run.ended`. A connection that breaks is
   * taken up again where it was, so that everything is told at least once; ConnectionError when that does not help.
   */
  streamRun(id: string, options?: StreamOptions): AsyncGenerator<RunEvent, void, void> {
    return follow<RunEvent>(this.settings, `/api/v1/runs/${encodeURIComponent(id)}/events`, 'run.ended', options);
  }

  /** What happens from now on in all that the key may see; ends only when it is aborted. */
  events(options?: StreamOptions): AsyncGenerator<TenantEvent, void, void> {
    return follow<TenantEvent>(this.settings, '/api/v1/events', null, options);
  }

  /**
   * Opens a run of an agent that works by itself, does the work, and ends the run as the work ended. On Node, what
   * `headers`, `guard` and clients made with the options below do inside belongs to the run by itself.
   */
  withRun<Result>(asked: AskedRun, work: (run: RunScope) => Promise<Result> | Result): Promise<Result> {
    return withRun(this, asked, work);
  }

  /** The headers that tell the gateway on whose behalf a call is made. */
  headers(context: CallContext = {}): Record<string, string> {
    return headersOf({ ...currentRun()?.context, ...context });
  }

  /** `new OpenAI(aos.openaiOptions({ agent_id }))` goes through the gateway. */
  openaiOptions(context: CallContext = {}): OpenAIOptions {
    return openaiOptions(this.settings, context);
  }

  /** `new Anthropic(aos.anthropicOptions({ agent_id }))` goes through the gateway. */
  anthropicOptions(context: CallContext = {}): AnthropicOptions {
    return anthropicOptions(this.settings, context);
  }
}
