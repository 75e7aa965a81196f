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
}

/** One governed act that is about to happen. */
export interface Call {
  asker: Asker;
  kind: 'llm';
  provider: string;
  model: string;
  /** Names of the tools offered to the model. */
  tools: string[];
  tags: Record<string, string>;
}

/** Upper bound of what a call can use, made before it is sent. */
export interface Estimate {
  input_tokens: number;
  /** Whether the input bound comes from bytes (always sound, loose) or from counted tokens. */
  input_bound: 'bytes' | 'tokens';
  /** Output tokens per answer: what is wanted, and the least that is worth sending. Equal when the caller chose it. */
  output_tokens: { wanted: number; floor: number };
  /** How many answers were asked for. */
  choices: number;
  /** pico-USD: for all input, and for each output token, at the highest rates the call can reach. Null: no price. */
  price: { base_pico: bigint; output_pico: bigint } | null;
}
