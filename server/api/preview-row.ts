import { type Asker, asks_nothing, type Estimate } from '@aos/core/activity/call.ts';
import type { RecordedCall } from '@aos/core/policies/replay.ts';
import { type PackedRows, place } from '../store/packed-rows.ts';
import type { PausedTime } from '../store/pauses.ts';
import type { Names } from '../store/recorded-calls.ts';

/** What rows alone do not say. */
export interface Beside {
  tenant_id: string;
  names: Names;
  managed: ReadonlySet<string>;
  paused: ReadonlyMap<string, PausedTime[]>;
}

const no_tools: string[] = [];
const no_tags: Record<string, string> = {};
const step_of_tool: Estimate = { ...asks_nothing, tool_results: 1 };

/** What many rows share is made once; when there is as much as this of it, it is forgotten. */
const most_shared = 50_000;

/** Makes calls of rows. */
export class RowReader {
  readonly #of: Beside;
  readonly #texts = new Map<string, string>();
  readonly #named = new Map<string, { id: string; slug: string }>();
  readonly #tags = new Map<string, Record<string, string>>();
  /** Who made calls, by all that rows say of it: the calls of a run are nearly always made by the same. */
  readonly #askers = new Map<string, Asker>();

  constructor(of: Beside) {
    this.#of = of;
  }

  callOf(rows: PackedRows, nth: number): RecordedCall {
    rows.lookAt(nth);
    const usage_source = this.#shared(rows.text(place.usage_source));
    const is_step = usage_source === 'step';
    const estimate = is_step ? estimateOfStep(rows) : estimateOf(rows);
    const admitted_at_ms = rows.number(place.admitted_ms);
    const asker = this.#askerOf(rows, admitted_at_ms);
    const tools_known = rows.has(place.tools);
    return {
      id: rows.text(place.id),
      call: {
        asker,
        kind: is_step ? 'step' : 'llm',
        provider: this.#shared(rows.text(place.provider)),
        model: this.#shared(rows.text(place.model)),
        tools: tools_known ? (JSON.parse(rows.text(place.tools)) as string[]) : no_tools,
        tags: this.#tagsOf(rows),
      },
      estimate,
      admitted_at_ms,
      settled_at_ms: rows.number(place.settled_ms),
      used: usage_source === 'refused' ? null : usedOf(rows, usage_source, estimate),
      is_managed: this.#of.managed.has(asker.run_id),
      tools_known,
    };
  }

  #askerOf(rows: PackedRows, at_ms: number): Asker {
    const who = rows.span(place.run_id, place.session_id);
    const asker = this.#askers.get(who) ?? this.#newAsker(rows, who);
    const paused_ms = this.#pausedMs(asker.run_id, at_ms);
    return paused_ms > 0 ? { ...asker, run_paused_ms: paused_ms } : asker;
  }

  #newAsker(rows: PackedRows, who: string): Asker {
    const { tenant_id, names } = this.#of;
    const actor_id = this.#shared(rows.text(place.actor_id));
    const api_key_id = this.#shared(rows.text(place.api_key_id));
    const session_id = copied(rows.text(place.session_id));
    const actor = names.actors.get(actor_id);
    const asker: Asker = {
      tenant_id,
      project: this.#nameOf(rows.text(place.project_id), names.projects),
      api_key: { id: api_key_id, lineage_id: names.lineages.get(api_key_id) ?? api_key_id },
      agent: rows.has(place.agent_id) ? this.#nameOf(rows.text(place.agent_id), names.agents) : null,
      actor: actor_id === '' ? null : { id: actor_id, slug: actor_id, kind: 'human', ...actor },
      session: session_id === '' ? null : { id: session_id, slug: session_id },
      run_id: copied(rows.text(place.run_id)),
    };
    forgetMany(this.#askers);
    this.#askers.set(copied(who), asker);
    return asker;
  }

  #nameOf(text: string, slugs: ReadonlyMap<string, string>): { id: string; slug: string } {
    const known = this.#named.get(text);
    if (known) return known;
    const id = copied(text);
    const named = { id, slug: slugs.get(id) ?? id };
    this.#named.set(id, named);
    return named;
  }

  #pausedMs(run_id: string, at_ms: number): number {
    if (this.#of.paused.size === 0) return 0;
    const times = this.#of.paused.get(run_id) ?? [];
    return times.reduce((sum, { from_ms, to_ms }) => sum + Math.max(0, Math.min(to_ms, at_ms) - from_ms), 0);
  }

  #tagsOf(rows: PackedRows): Record<string, string> {
    if (!rows.has(place.tags)) return no_tags;
    const text = rows.text(place.tags);
    let tags = this.#tags.get(text);
    if (!tags) {
      tags = JSON.parse(text) as Record<string, string>;
      forgetMany(this.#tags);
      this.#tags.set(copied(text), tags);
    }
    return tags;
  }

  /** A text that many rows have, in a copy of its own. */
  #shared(text: string): string {
    if (text === '') return '';
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const own = copied(text);
    forgetMany(this.#texts);
    this.#texts.set(own, own);
    return own;
  }
}

function forgetMany(shared: Map<string, unknown>): void {
  if (shared.size >= most_shared) shared.clear();
}

/** A part of a text keeps all of the text in memory; a copy does not. */
const copied = (text: string): string => Buffer.from(text).toString();

const estimateOfStep = (rows: PackedRows): Estimate =>
  rows.number(place.tool_results) === 1 ? step_of_tool : asks_nothing;

function estimateOf(rows: PackedRows): Estimate | null {
  if (!rows.has(place.bound_wanted)) return null;
  return {
    input_tokens: rows.number(place.bound_input),
    input_bound: rows.text(place.bound_by) === 'tokens' ? 'tokens' : 'bytes',
    output_tokens: { wanted: rows.number(place.bound_wanted), floor: rows.number(place.bound_floor) },
    choices: rows.number(place.choices),
    tool_results: rows.number(place.tool_results),
    price: rows.has(place.base_pico)
      ? { base_pico: rows.units(place.base_pico), output_pico: rows.units(place.output_pico) }
      : null,
  };
}

function usedOf(rows: PackedRows, usage_source: string, estimate: Estimate | null): RecordedCall['used'] {
  return {
    usage: {
      input_tokens: rows.number(place.input_tokens),
      output_tokens: rows.number(place.output_tokens),
      cached_input_tokens: 0,
      cache_write_tokens: 0,
      cache_write_1h_tokens: 0,
      reasoning_tokens: 0,
    },
    // The database writes all nine places.
    cost_nano: rows.has(place.cost_usd) ? rows.units(place.cost_usd) : null,
    // What nothing is known of was never sent, and its results were not brought.
    tool_results: usage_source === 'none' ? 0 : (estimate?.tool_results ?? 0),
  };
}
