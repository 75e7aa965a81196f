import type { Identity } from '@aos/core/access/identity.ts';
import type { Wire, WireRequest } from '@aos/core/activity/wires/define.ts';
import type { JsonObject } from '@aos/core/base/json.ts';

/** What the caller claims about the call in `x-aos-*` headers; ids or slugs. */
export interface Claims {
  agent: string | null;
  actor: string | null;
  session: string | null;
  run_id: string | null;
  project: string | null;
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
  /** Headers that may travel on to the provider. */
  headers: Record<string, string>;
  request_id: string;
  /** The run the call opens when it joins none: the same however often it is prepared. */
  new_run_id: string;
  /** When it came, on the monotonic clock. */
  begun_ms: number;
  /** Asks again who the credential belongs to, past every cache: control has changed since the first answer. */
  reauthenticate: () => Promise<Identity>;
  /** Aborts when the caller has left; only streams watch it. */
  gone: AbortSignal;
}
