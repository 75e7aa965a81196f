/** What a control of a policy may be. */
export const control_types = [
  'cost_usd',
  'burn_rate',
  'tokens_total',
  'tokens_input',
  'tokens_output',
  'requests',
  'concurrency',
  'steps',
  'tool_calls',
  'duration',
  'model_access',
];
