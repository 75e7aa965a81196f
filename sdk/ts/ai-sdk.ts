import type { CheckedCall, Guard, GuardOptions } from './guard.ts';
import type { CallContext } from './headers.ts';

/** As much of a model of the Vercel AI SDK (specification v3) as is looked at. */
interface Model {
  readonly provider: string;
  readonly modelId: string;
}

interface CallOptions {
  prompt: readonly { role: string; content: unknown }[];
  maxOutputTokens?: number | undefined;
  tools?: readonly { name?: string | undefined }[] | undefined;
  abortSignal?: AbortSignal | undefined;
}

interface Wrapped<Result> {
  params: CallOptions;
  model: Model;
  do: () => PromiseLike<Result>;
}

export interface MiddlewareOptions extends Pick<GuardOptions, 'on_unavailable' | 'timeout_ms'> {
  /** The name that AOS knows the model by; absent: the model's own id. */
  model?: ((model: Model) => string) | undefined;
}

/**
 * `wrapLanguageModel({ model, middleware: aosMiddleware(aos, { agent_id }) })`: asks before every call of the model, and
 * throws what the gateway would answer instead of calling. For calls that go to their provider directly.
 */
export function aosMiddleware(aos: { guard: Guard }, context: CallContext = {}, options: MiddlewareOptions = {}) {
  const { model: nameOf = ({ modelId }: Model) => modelId, ...rest } = options;
  const governed = async <Result>({ params, model, do: call }: Wrapped<Result>): Promise<Result> => {
    await aos.guard.require(checkOf(params, nameOf(model)), context, { ...rest, signal: params.abortSignal });
    return call();
  };
  return {
    specificationVersion: 'v3' as const,
    wrapGenerate: <Result>(of: { doGenerate: () => PromiseLike<Result>; params: CallOptions; model: Model }) =>
      governed({ ...of, do: of.doGenerate }),
    wrapStream: <Result>(of: { doStream: () => PromiseLike<Result>; params: CallOptions; model: Model }) =>
      governed({ ...of, do: of.doStream }),
  };
}

function checkOf({ prompt, maxOutputTokens, tools = [] }: CallOptions, model: string): CheckedCall {
  return {
    model,
    messages: prompt.map(({ role, content }) => ({ role: role === 'tool' ? 'user' : role, content: textOf(content) })),
    ...(maxOutputTokens !== undefined && { max_tokens: maxOutputTokens }),
    tools: tools.flatMap(({ name }) => (name === undefined ? [] : [name])),
  };
}

/** What is no text is counted by the size it has as JSON, files and pictures without their data. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return JSON.stringify(content, (key, value: unknown) => (key === 'data' ? undefined : value)) ?? '';
}
