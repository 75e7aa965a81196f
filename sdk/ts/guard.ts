import type { Caller } from './caller.ts';
import type { Answer, Body } from './contract.ts';
import { type AOSError, ConnectionError, errorOf, GovernanceUnavailableError, ServerError } from './errors.ts';
import { type CallContext, headersOf } from './headers.ts';
import type { RequestOptions } from './request.ts';

/** What is done when the server cannot be asked. */
export type OnUnavailable = 'deny' | 'allow';

export interface GuardOptions extends RequestOptions {
  /** Absent: `deny`. */
  on_unavailable?: OnUnavailable | undefined;
}

/** A decision about a call that does not pass the gateway. */
export interface GuardDecision {
  allowed: boolean;
  /** The error that the gateway would have answered with, or why nobody could be asked; null: it is allowed. */
  error: AOSError | null;
  /** What the server decided; null: it could not be asked, and `on_unavailable` decided. */
  answer: Answer<'checkCall'> | null;
}

export type CheckedCall = Omit<Body<'checkCall'>, 'kind'> & { kind?: 'llm' | undefined };

/**
 * Asks before a call that goes to its provider directly. The decision counts nothing: what the provider then charges is
 * known here only when the call passes the gateway, or is reported.
 */
export class Guard {
  readonly #caller: Caller;
  readonly #context: () => CallContext;

  /** `context`: on whose behalf calls are made at this moment, beside what each check says. */
  constructor(caller: Caller, context: () => CallContext) {
    this.#caller = caller;
    this.#context = context;
  }

  async check(call: CheckedCall, context: CallContext = {}, options: GuardOptions = {}): Promise<GuardDecision> {
    const { on_unavailable = 'deny', ...asked } = options;
    const headers = { ...headersOf({ ...this.#context(), ...context }), ...asked.headers };
    try {
      const body = { ...call, kind: 'llm' as const };
      const answer = await this.#caller.call('checkCall', { body }, { ...asked, headers });
      return { allowed: answer.allowed, error: refusalOf(answer), answer };
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (on_unavailable === 'allow') return { allowed: true, error: null, answer: null };
      error.message += ' The call is not allowed, because nobody could be asked (on_unavailable: deny).';
      return { allowed: false, error, answer: null };
    }
  }

  /** Like `check`, and throws its error when the call is not allowed. */
  async require(call: CheckedCall, context?: CallContext, options?: GuardOptions): Promise<GuardDecision> {
    const decision = await this.check(call, context, options);
    if (decision.error) throw decision.error;
    return decision;
  }
}

const isUnavailable = (error: unknown): error is AOSError =>
  error instanceof ConnectionError || error instanceof GovernanceUnavailableError || error instanceof ServerError;

function refusalOf({ refusal }: Answer<'checkCall'>): AOSError | null {
  if (!refusal) return null;
  const { status, retry_after_s, error } = refusal;
  const headers = new Headers(retry_after_s === null ? {} : { 'retry-after': String(retry_after_s) });
  return errorOf(status, headers, { error });
}
