/** The kinds of model provider there are; each has its upstream in the server. */
export const provider_kinds = ['openai', 'anthropic', 'mock'] as const;
export type ProviderKind = (typeof provider_kinds)[number];
