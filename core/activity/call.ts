/** Something with an id of ours and a name the caller chose. */
export interface Named {
  id: string;
  slug: string;
}

/** Who is asking, as far as it is known. `session.slug` is the caller's label. */
export interface Asker {
  tenant_id: string;
  project: Named;
  api_key: { id: string; lineage_id: string };
  agent: Named | null;
  actor: (Named & { kind: 'human' | 'service' | 'system' }) | null;
  session: Named | null;
  run_id: string;
  /** The scenario or demo that the project belongs to: what is recorded is synthetic. Absent: real. */
  synthetic_scenario_id?: string;
  /** When the run began, in milliseconds since 1970; absent: with its id. */
  run_begun_ms?: number;
  /** For how long the run has been paused, in milliseconds; without the pause that goes on where that is known. */
  run_paused_ms?: number;
  /** Since when the run stands still, in milliseconds since 1970; null or absent: it goes on. */
  run_paused_since_ms?: number | null;
}

/** Whoever asks is played by a scenario or the demo. */
export const isSynthetic = (asker: Pick<Asker, 'synthetic_scenario_id'>): boolean =>
  asker.synthetic_scenario_id !== undefined;

export type CallKind = 'llm' | 'step';

/** One governed act that is about to happen. */
export interface Call {
  asker: Asker;
  /** A call of a model, or another step of a run, which names no provider and no model. */
  kind: CallKind;
  provider: string;
  model: string;
  /** Names of the tools offered to the model. */
  tools: string[];
  tags: Record<string, string>;
}

/** Why the cost of a call has no bound: nothing, its level of service, a tool at the provider or a search has no price, or searches have no end. */
export type Unpriced = 'model' | 'level' | 'tool' | 'search' | 'searches';

/** Upper bound of what a call can use, made before it is sent. */
export interface Estimate {
  input_tokens: number;
  /** Whether the input bound comes from bytes (always sound, loose) or from counted tokens. */
  input_bound: 'bytes' | 'tokens';
  /** Output tokens per answer: what is wanted, and the least that is worth sending. Equal when the caller chose it. */
  output_tokens: { wanted: number; floor: number };
  /** How many answers were asked for. */
  choices: number;
  /** Results of tools that the call brings to the model and no call before it has brought. */
  tool_results: number;
  /** pico-USD: for all input, and for each output token, at the highest rates the call can reach. Null: no price. */
  price: { base_pico: bigint; output_pico: bigint } | null;
  /** Why there is no price; absent where there is one, or where the reason was not kept. */
  unpriced?: Unpriced | undefined;
}

/** The bound of a step that asks no model: it uses nothing that is bounded beforehand. */
export const asks_nothing: Estimate = {
  input_tokens: 0,
  input_bound: 'tokens',
  output_tokens: { wanted: 0, floor: 0 },
  choices: 1,
  tool_results: 0,
  price: null,
};
