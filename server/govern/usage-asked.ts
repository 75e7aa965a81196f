import type { Clock } from '../base/deps.ts';
import type { UpstreamResponse } from '../upstreams/llm/define.ts';
import type { ChosenModel } from './models.ts';

/**
 * Models whose provider refuses to be asked for the usage of a stream (`stream_options`), which no caller asked for:
 * for some time they are not asked, and what their streams used is counted here. A provider learns, so the time ends.
 */
export interface UsageRefusals {
  has(model: ChosenModel): boolean;
  add(model: ChosenModel): void;
}

const remembered_ms = 60 * 60_000;
/** Callers name models as they like. */
const most_remembered = 1_000;

const refusals = new WeakMap<Clock, UsageRefusals>();

/** Those of this process. */
export function usageRefusalsOf({ clock }: { clock: Clock }): UsageRefusals {
  const known = refusals.get(clock);
  if (known) return known;
  const made = createUsageRefusals(clock);
  refusals.set(clock, made);
  return made;
}

function createUsageRefusals(clock: Clock): UsageRefusals {
  const since = new Map<string, number>();
  return {
    has(model) {
      if (since.size === 0) return false;
      const at = since.get(nameOf(model));
      return at !== undefined && clock.monotonic() - at < remembered_ms;
    },
    add(model) {
      if (since.size >= most_remembered) since.clear();
      since.set(nameOf(model), clock.monotonic());
    },
  };
}

/** A router may have providers of both kinds behind it, and an address that is changed leads to somebody else. */
const nameOf = ({ provider: { id, base_url }, name }: ChosenModel): string => `${id} ${base_url} ${name}`;

/** An answer that may be such a refusal; read to its end, and given on as if nobody had. */
export async function readRefusal(response: UpstreamResponse): Promise<{ response: UpstreamResponse; names: boolean }> {
  const whole = response.whole();
  const kept: UpstreamResponse = {
    status: response.status,
    headers: response.headers,
    get body() {
      return response.body;
    },
    whole: () => whole,
  };
  const body = await whole.catch(() => null);
  return { response: kept, names: body !== null && isOfOptions(body) };
}

export const mayRefuseOptions = ({ status }: UpstreamResponse): boolean => status === 400 || status === 422;

/** It names what was added. One that tells of usage, too, was not free, and nothing is sent a second time. */
const isOfOptions = (body: Buffer): boolean =>
  (body.includes('stream_options') || body.includes('include_usage')) && !body.includes('"usage"');
