import type { Identity } from '@aos/core/access/identity.ts';
import type { Named } from '@aos/core/activity/call.ts';
import type { Wire, WireRequest } from '@aos/core/activity/wires/define.ts';
import type { JsonObject } from '@aos/core/base/json.ts';
import type { PlanResult } from '../store/managed-runs.ts';
import type { CallerHeaders, StopSignal } from '../upstreams/llm/define.ts';

/** What the caller claims about the call in `x-aos-*` headers; ids or slugs. */
export interface Claims {
  agent: string | null;
  actor: string | null;
  session: string | null;
  run_id: string | null;
  /** The step in which the call is made; absent where nobody can say. */
  parent_step_id?: string | null;
  project: string | null;
  /** Where the caller's own trace stands; absent or null: it says nothing of one. */
  traceparent?: string | null;
  tags: Record<string, string>;
  dry_run: boolean;
}

/** A call as the gateway hands it over: parsed, authenticated, not yet governed. */
export interface AskedCall {
  identity: Identity;
  claims: Claims;
  wire: Wire;
  request: WireRequest;
  /** The bytes as they came, and what they say. */
  body: Buffer;
  json: JsonObject;
  /** sha256 of the bytes as they came. */
  prompt_hash: string;
  /** What the caller wrote behind the path, with its `?`: it travels on as it is. */
  query: string;
  /** As they came; which of them travel on is decided where the request to the provider is made. */
  headers: CallerHeaders;
  request_id: string;
  /** The run the call opens when it joins none: the same however often it is prepared. */
  new_run_id: string;
  /** The session of that run, where the call itself names none: a supposed call of a managed run. */
  new_run_session?: Named | null;
  /** When it came, on the monotonic clock. */
  begun_ms: number;
  /** Who the credential belongs to, read no earlier than control stood at this epoch. Throws when it is not valid then. */
  identityAt: (control_epoch: string) => Identity | Promise<Identity>;
  /** For a step of a plan, or for the plan itself: its name there, and what its whole answer gives when it is settled. */
  planned?: { name: string | null; result(step_id: string, answer: Buffer): PlanResult | null };
  /** Aborts when the caller has left. A plain call that went out goes on, for its provider bills it whole. */
  gone: StopSignal;
}
