/**
 * Every answer that is an error has one of these codes. `status` is what HTTP says, `type` groups codes for clients
 * that branch on it. 402 and 403 are the statuses that common clients never retry.
 */
export const problem_catalog = {
  invalid_header: { status: 400, type: 'invalid_request_error' },
  invalid_body: { status: 400, type: 'invalid_request_error' },
  invalid_query: { status: 400, type: 'invalid_request_error' },
  unauthenticated: { status: 401, type: 'authentication_error' },
  budget_exceeded: { status: 402, type: 'policy_violation' },
  token_limit_exceeded: { status: 402, type: 'policy_violation' },
  quota_exceeded: { status: 402, type: 'policy_violation' },
  price_unknown: { status: 402, type: 'policy_violation' },
  forbidden: { status: 403, type: 'permission_error' },
  two_person_rule: { status: 403, type: 'permission_error' },
  policy_blocked: { status: 403, type: 'policy_violation' },
  model_not_allowed: { status: 403, type: 'policy_violation' },
  identity_mismatch: { status: 403, type: 'policy_violation' },
  run_terminated: { status: 403, type: 'policy_violation' },
  agent_contained: { status: 403, type: 'policy_violation' },
  not_found: { status: 404, type: 'invalid_request_error' },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  conflict: { status: 409, type: 'invalid_request_error' },
  precondition_failed: { status: 412, type: 'invalid_request_error' },
  too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  run_paused: { status: 429, type: 'policy_hold' },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error' },
  internal: { status: 500, type: 'api_error' },
  provider_error: { status: 502, type: 'api_error' },
  provider_unreachable: { status: 502, type: 'api_error' },
  governance_unavailable: { status: 503, type: 'governance_unavailable' },
  server_stopping: { status: 503, type: 'api_error' },
  provider_timeout: { status: 504, type: 'api_error' },
} as const;

export type ProblemCode = keyof typeof problem_catalog;

/** An expected refusal or a caller's mistake on its way to the one place that answers with it. */
export class Problem extends Error {
  override name = 'Problem';
  readonly code: ProblemCode;
  readonly details: Record<string, unknown> | undefined;
  readonly retry_after_s: number | undefined;
  /** Clients that repeat an answer with this status by themselves are told not to. */
  readonly is_final: boolean;

  constructor(
    code: ProblemCode,
    message: string,
    more: { details?: Record<string, unknown>; retry_after_s?: number; is_final?: boolean } = {},
  ) {
    super(message);
    this.code = code;
    this.details = more.details;
    this.retry_after_s = more.retry_after_s;
    this.is_final = more.is_final ?? false;
  }

  get status(): number {
    return problem_catalog[this.code].status;
  }

  get type(): string {
    return problem_catalog[this.code].type;
  }
}

/** The one error body of the OpenAI wire and of the control plane. */
export interface ProblemBody {
  error: { message: string; type: string; code: string; param: null; details?: Record<string, unknown> };
}

export function problemBody(problem: Problem): ProblemBody {
  const { message, type, code, details } = problem;
  return { error: { message, type, code, param: null, ...(details && { details }) } };
}
