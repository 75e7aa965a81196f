import type { Usage } from './usage.ts';

export type AttributeValue = string | number | boolean;
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** What a span says of an action of an agent, in our words. Everything in it is a claim. */
export interface ReportedAction {
  kind: 'llm' | 'tool' | 'retrieval' | 'transform';
  operation: string;
  /** The tool, data source, agent or workflow it is about; null: none is named. */
  subject: string | null;
  agent: string | null;
  conversation: string | null;
  error_type: string | null;
}

export interface ReportedModel {
  provider: string;
  /** Under which the price book knows the provider. */
  price_provider: string;
  /** The model that answered where it is told, then the one that was asked. */
  models: readonly string[];
  streamed: boolean;
  /** Null: nothing was counted. */
  usage: Usage | null;
  input: string | null;
  output: string | null;
}

/** Operations of the conventions, as steps; every other operation is a transform. */
const kinds: Record<string, ReportedAction['kind']> = {
  chat: 'llm',
  text_completion: 'llm',
  generate_content: 'llm',
  embeddings: 'llm',
  execute_tool: 'tool',
  retrieval: 'retrieval',
  search_memory: 'retrieval',
};

/** Well-known provider names of the conventions that the price book calls otherwise. */
const price_providers: Record<string, string> = {
  'aws.bedrock': 'aws',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  'gcp.vertex_ai': 'google',
  mistral_ai: 'mistral',
  moonshot_ai: 'moonshotai',
  x_ai: 'x-ai',
};

/** Null: the span is about no model, tool or agent. */
export function readAction(attributes: Attributes): ReportedAction | null {
  const operation = text(attributes, 'gen_ai.operation.name') ?? impliedOperation(attributes);
  if (operation === null) return null;
  return {
    kind: Object.hasOwn(kinds, operation) ? (kinds[operation] ?? 'transform') : 'transform',
    operation,
    subject: text(attributes, 'gen_ai.tool.name', 'gen_ai.data_source.id', 'gen_ai.agent.name', 'gen_ai.workflow.name'),
    agent: text(attributes, 'gen_ai.agent.id', 'gen_ai.agent.name'),
    conversation: text(attributes, 'gen_ai.conversation.id'),
    error_type: text(attributes, 'error.type'),
  };
}

/** Older instrumentations name a model or a tool, and no operation. */
function impliedOperation(attributes: Attributes): string | null {
  if (text(attributes, 'gen_ai.request.model', 'gen_ai.response.model') !== null) return 'chat';
  return text(attributes, 'gen_ai.tool.name') === null ? null : 'execute_tool';
}

/** What a span says of the model it was about, in the names of either version of the conventions. */
export function readModel(attributes: Attributes): ReportedModel {
  const provider = text(attributes, 'gen_ai.provider.name', 'gen_ai.system') ?? 'unknown';
  const models = ['gen_ai.response.model', 'gen_ai.request.model'].flatMap((name) => text(attributes, name) ?? []);
  return {
    provider,
    price_provider: Object.hasOwn(price_providers, provider) ? (price_providers[provider] ?? provider) : provider,
    models: models.length > 0 ? models : ['unknown'],
    streamed: attributes.get('gen_ai.request.stream') === true,
    usage: readUsage(attributes),
    input: text(attributes, 'gen_ai.input.messages', 'gen_ai.prompt'),
    output: text(attributes, 'gen_ai.output.messages', 'gen_ai.completion'),
  };
}

/** Counts of cached tokens are part of the input; a reporter that counts them beside it is set right. */
function readUsage(attributes: Attributes): Usage | null {
  const input = count(attributes, 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens');
  const output = count(attributes, 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens');
  if (input === null && output === null) return null;
  const cached = count(attributes, 'gen_ai.usage.cache_read.input_tokens') ?? 0;
  const written = count(attributes, 'gen_ai.usage.cache_creation.input_tokens') ?? 0;
  const told = input ?? 0;
  return {
    input_tokens: cached + written > told ? told + cached + written : told,
    output_tokens: output ?? 0,
    cached_input_tokens: cached,
    cache_write_tokens: written,
    cache_write_1h_tokens: 0,
    reasoning_tokens: Math.min(count(attributes, 'gen_ai.usage.reasoning.output_tokens') ?? 0, output ?? 0),
  };
}

/** The first of these attributes that is a text with something in it. */
function text(attributes: Attributes, ...names: string[]): string | null {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === 'string' && value.trim() !== '') return value;
  }
  return null;
}

/** As in usages of providers: what is greater is a defect. */
const max_count = 100_000_000;

function count(attributes: Attributes, ...names: string[]): number | null {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max_count) return value;
  }
  return null;
}
