import { type Asker, asks_nothing, type Estimate } from '@aos/core/activity/call.ts';
import type { RecordedCall } from '@aos/core/policies/replay.ts';
import type { RecordedRow } from '../store/packed-rows.ts';
import type { PausedTime } from '../store/pauses.ts';
import type { Names } from '../store/recorded-calls.ts';

/** What rows alone do not say. */
export interface Beside {
  tenant_id: string;
  names: Names;
  managed: ReadonlySet<string>;
  paused: ReadonlyMap<string, PausedTime[]>;
}

const no_details = { cached_input_tokens: 0, cache_write_tokens: 0, cache_write_1h_tokens: 0, reasoning_tokens: 0 };
const no_tools: string[] = [];
const no_tags: Record<string, string> = {};
const step_of_tool: Estimate = { ...asks_nothing, tool_results: 1 };

/** What many rows share is made once; when there is as much as this of it, it is forgotten. */
const most_shared = 50_000;

/** Makes calls of rows. */
export class RowReader {
  readonly #of: Beside;
  readonly #named = new Map<string, { id: string; slug: string }>();
  readonly #tags = new Map<string, Record<string, string>>();
  /** Who made the last call of a run: nearly always who makes the next. */
  readonly #askers = new Map<string, Asker>();

  constructor(of: Beside) {
    this.#of = of;
  }

  callOf(row: RecordedRow): RecordedCall {
    const is_step = row.usage_source === 'step';
    const estimate = is_step ? estimateOfStep(row) : estimateOf(row);
    const admitted_at_ms = Number(row.admitted_ms);
    const asker = this.#askerOf(row, admitted_at_ms);
    return {
      id: row.id,
      call: {
        asker,
        kind: is_step ? 'step' : 'llm',
        provider: row.provider,
        model: row.model,
        tools: row.tools === '' ? no_tools : (JSON.parse(row.tools) as string[]),
        tags: this.#tagsOf(row.tags),
      },
      estimate,
      admitted_at_ms,
      settled_at_ms: Number(row.settled_ms),
      used: usedOf(row, estimate),
      is_managed: this.#of.managed.has(asker.run_id),
      tools_known: row.tools !== '',
    };
  }

  #askerOf(row: RecordedRow, at_ms: number): Asker {
    const known = this.#askers.get(row.run_id);
    const asker = known && isOf(known, row) ? known : this.#newAsker(row);
    const paused_ms = this.#pausedMs(asker.run_id, at_ms);
    return paused_ms > 0 ? { ...asker, run_paused_ms: paused_ms } : asker;
  }

  #newAsker(row: RecordedRow): Asker {
    const { tenant_id, names } = this.#of;
    const actor_id = copied(row.actor_id);
    const api_key_id = copied(row.api_key_id);
    const session_id = copied(row.session_id);
    const actor = names.actors.get(actor_id);
    const asker: Asker = {
      tenant_id,
      project: this.#nameOf(row.project_id, names.projects),
      api_key: { id: api_key_id, lineage_id: names.lineages.get(api_key_id) ?? api_key_id },
      agent: row.agent_id === '' ? null : this.#nameOf(row.agent_id, names.agents),
      actor: actor_id === '' ? null : { id: actor_id, slug: actor_id, kind: 'human', ...actor },
      session: session_id === '' ? null : { id: session_id, slug: session_id },
      run_id: copied(row.run_id),
    };
    if (this.#askers.size >= most_shared) this.#askers.clear();
    this.#askers.set(asker.run_id, asker);
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

  #tagsOf(text: string): Record<string, string> {
    if (text === '') return no_tags;
    let tags = this.#tags.get(text);
    if (!tags) {
      tags = JSON.parse(text) as Record<string, string>;
      if (this.#tags.size >= most_shared) this.#tags.clear();
      this.#tags.set(copied(text), tags);
    }
    return tags;
  }
}

const isOf = ({ project, api_key, agent, actor, session }: Asker, row: RecordedRow): boolean =>
  project.id === row.project_id &&
  api_key.id === row.api_key_id &&
  (agent?.id ?? '') === row.agent_id &&
  (actor?.id ?? '') === row.actor_id &&
  (session?.id ?? '') === row.session_id;

/** A part of a text keeps all of the text in memory; a copy does not. */
const copied = (text: string): string => Buffer.from(text).toString();

const estimateOfStep = ({ tool_results }: RecordedRow): Estimate =>
  tool_results === '1' ? step_of_tool : asks_nothing;

function estimateOf(row: RecordedRow): Estimate | null {
  if (row.bound_wanted === '') return null;
  const { base_pico, output_pico } = row;
  return {
    input_tokens: Number(row.bound_input),
    input_bound: row.bound_by === 'tokens' ? 'tokens' : 'bytes',
    output_tokens: { wanted: Number(row.bound_wanted), floor: Number(row.bound_floor) },
    choices: Number(row.choices),
    tool_results: Number(row.tool_results),
    price: base_pico === '' ? null : { base_pico: BigInt(base_pico), output_pico: BigInt(output_pico) },
  };
}

function usedOf(row: RecordedRow, estimate: Estimate | null): RecordedCall['used'] {
  const { usage_source, cost_usd } = row;
  if (usage_source === 'refused') return null;
  return {
    usage: { input_tokens: Number(row.input_tokens), output_tokens: Number(row.output_tokens), ...no_details },
    cost_nano: cost_usd === '' ? null : nanoOf(cost_usd),
    // What nothing is known of was never sent, and its results were not brought.
    tool_results: usage_source === 'none' ? 0 : (estimate?.tool_results ?? 0),
  };
}

/** The database writes all nine places. */
function nanoOf(cost_usd: string): bigint {
  const at = cost_usd.length - 10;
  return BigInt(cost_usd.slice(0, at) + cost_usd.slice(at + 1));
}
