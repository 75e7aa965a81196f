import type { CheckedCall, Guard, GuardOptions } from './guard.ts';
import type { CallContext } from './headers.ts';

interface Message {
  content: unknown;
  getType?: (() => string) | undefined;
}

interface ExtraParams {
  invocation_params?: Record<string, unknown> | undefined;
}

export interface HandlerOptions extends Pick<GuardOptions, 'on_unavailable' | 'timeout_ms'> {
  /** The name that AOS knows the model by; absent: what LangChain says of the model. */
  model?: string | undefined;
}

const roles: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant', system: 'system' };

/**
 * `model.invoke(input, { callbacks: [aosHandler(aos, { agent_id })] })`: asks before every call of a model, and throws
 * what the gateway would answer instead of calling. LangChain only logs what a handler throws, and does not wait for it,
 * unless the handler says otherwise: this one does.
 */
export function aosHandler(aos: { guard: Guard }, context: CallContext = {}, options: HandlerOptions = {}) {
  const { model: named, ...rest } = options;
  const ask = async (
    messages: CheckedCall['messages'],
    extra: ExtraParams | undefined,
    metadata: Record<string, unknown> | undefined,
  ): Promise<void> => {
    const params = extra?.invocation_params ?? {};
    const model = named ?? text(metadata?.ls_model_name) ?? text(params.model) ?? text(params.model_name);
    if (!model) throw new TypeError('LangChain does not say which model it calls: pass { model } to aosHandler.');
    const max = params.max_tokens ?? params.max_completion_tokens ?? metadata?.ls_max_tokens;
    const call = { model, messages, ...(typeof max === 'number' && { max_tokens: max }) };
    await aos.guard.require(call, context, rest);
  };
  return {
    name: 'aos',
    raiseError: true,
    awaitHandlers: true,
    handleChatModelStart: (
      _model: unknown,
      batches: readonly (readonly Message[])[],
      _run_id: string,
      _parent_run_id?: string,
      extra?: Record<string, unknown>,
      _tags?: string[],
      metadata?: Record<string, unknown>,
    ) => ask(batches.flat().map(asMessage), extra as ExtraParams | undefined, metadata),
    handleLLMStart: (
      _model: unknown,
      prompts: readonly string[],
      _run_id: string,
      _parent_run_id?: string,
      extra?: Record<string, unknown>,
      _tags?: string[],
      metadata?: Record<string, unknown>,
    ) =>
      ask(
        prompts.map((content) => ({ role: 'user', content })),
        extra as ExtraParams | undefined,
        metadata,
      ),
  };
}

const asMessage = (message: Message) => ({
  role: roles[message.getType?.() ?? 'human'] ?? 'user',
  content: typeof message.content === 'string' ? message.content : JSON.stringify(message.content),
});

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
