/** What the server says about a request that it did not carry out; see the table of codes in the API reference. */
export interface ErrorFacts {
  /** HTTP status; null: no answer came. */
  status: number | null;
  code: string;
  type: string;
  message: string;
  /** For a refused call: decision_id, policy_id, policy_name, control_id, unit, limit, used, resets_at, run_id, url … */
  details: Record<string, unknown>;
  /** Names the request in the server's log. */
  request_id: string | null;
  /** When the server says that asking again helps: after so many seconds. */
  retry_after_s: number | null;
  cause?: unknown;
}

/** Every failure of a request is one of these; its message says what happened, why, and what to do. */
export class AOSError extends Error {
  override name = 'AOSError';
  readonly status: number | null;
  readonly code: string;
  readonly type: string;
  readonly details: Record<string, unknown>;
  readonly request_id: string | null;
  readonly retry_after_s: number | null;

  constructor(facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.status = facts.status;
    this.code = facts.code;
    this.type = facts.type;
    this.details = facts.details;
    this.request_id = facts.request_id;
    this.retry_after_s = facts.retry_after_s;
  }

  /** The console page about it, when there is one. */
  get url(): string | null {
    return text(this.details.url);
  }
}

/** A policy let a call not pass; see the three kinds of it. */
export class PolicyError extends AOSError {
  override name = 'PolicyError';

  get policy_id(): string | null {
    return text(this.details.policy_id);
  }

  get policy_name(): string | null {
    return text(this.details.policy_name);
  }

  get decision_id(): string | null {
    return text(this.details.decision_id);
  }
}

/** Money, tokens or requests are spent (402), or it is not allowed (403). Asking again does not help. */
export class PolicyBlockedError extends PolicyError {
  override name = 'PolicyBlockedError';
}

/** The call waits for a person. */
export class RunPausedError extends PolicyError {
  override name = 'RunPausedError';
}

/** Too many at once or in a minute: `retry_after_s` says when there is room. */
export class RateLimitedError extends PolicyError {
  override name = 'RateLimitedError';
}

/** The request cannot be read; the message names the member and what would be right. */
export class InvalidRequestError extends AOSError {
  override name = 'InvalidRequestError';
}

/** No key, or not a live one. */
export class AuthenticationError extends AOSError {
  override name = 'AuthenticationError';
}

/** The key's role does not permit it. */
export class PermissionDeniedError extends AOSError {
  override name = 'PermissionDeniedError';
}

export class NotFoundError extends AOSError {
  override name = 'NotFoundError';
}

/** It contradicts what is there: the thing has changed, has ended, or exists already. */
export class ConflictError extends AOSError {
  override name = 'ConflictError';
}

/** The server cannot decide now; nothing was done. */
export class GovernanceUnavailableError extends AOSError {
  override name = 'GovernanceUnavailableError';
}

/** The server, or the provider behind it, failed. */
export class ServerError extends AOSError {
  override name = 'ServerError';
}

/** No whole answer came: whether the request took effect is not known. */
export class ConnectionError extends AOSError {
  override name = 'ConnectionError';
}

/** No answer within the time given. */
export class TimeoutError extends ConnectionError {
  override name = 'TimeoutError';
}

/** The run did not end within the time given; `run` is how it stood last. */
export class RunTimeoutError<Run = unknown> extends AOSError {
  override name = 'RunTimeoutError';
  readonly run: Run;

  constructor(message: string, run: Run) {
    super({ ...no_answer, code: 'run_timeout', type: 'timeout', message });
    this.run = run;
  }
}

const no_answer = { status: null, details: {}, request_id: null, retry_after_s: null };

export const connectionError = (message: string, cause: unknown): ConnectionError =>
  new ConnectionError({ ...no_answer, code: 'unreachable', type: 'connection_error', message, cause });

export const timeoutError = (message: string, cause: unknown): TimeoutError =>
  new TimeoutError({ ...no_answer, code: 'timeout', type: 'connection_error', message, cause });

const by_code: Readonly<Record<string, typeof AOSError>> = {
  run_paused: RunPausedError,
  rate_limit_exceeded: RateLimitedError,
  governance_unavailable: GovernanceUnavailableError,
};

const by_status: Readonly<Record<number, typeof AOSError>> = {
  400: InvalidRequestError,
  401: AuthenticationError,
  402: PolicyBlockedError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  503: GovernanceUnavailableError,
};

/** The error an answer stands for. `body` is parsed JSON, or text when something between us and the server answered. */
export function errorOf(status: number, headers: Headers, body: unknown): AOSError {
  const { error } = (isObject(body) ? body : {}) as { error?: unknown };
  const said = isObject(error) ? error : {};
  const code = text(said.code) ?? 'unexpected_answer';
  const type = text(said.type) ?? 'api_error';
  const retry_after = Number(headers.get('retry-after') ?? Number.NaN);
  const facts: ErrorFacts = {
    status,
    code,
    type,
    message: text(said.message) ?? `The server answered ${status} without saying why: ${excerpt(body)}`,
    details: isObject(said.details) ? said.details : {},
    request_id: headers.get('x-request-id'),
    retry_after_s: Number.isFinite(retry_after) ? retry_after : null,
  };
  if (type === 'policy_violation') return new PolicyBlockedError(facts);
  const Kind = by_code[code] ?? by_status[status] ?? (status >= 500 ? ServerError : AOSError);
  return new Kind(facts);
}

function excerpt(body: unknown): string {
  const whole = typeof body === 'string' ? body : JSON.stringify(body);
  return (whole ?? '').slice(0, 200) || '(an empty body)';
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
