"""What goes wrong with a request, each kind with a class of its own. Messages say what happened, why and what to do."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Type


class AOSError(Exception):
    """``status`` is None when no answer came; ``code``, ``details`` and the message are the server's own."""

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        code: str = "unexpected_answer",
        type: str = "api_error",
        details: Optional[Dict[str, Any]] = None,
        request_id: Optional[str] = None,
        retry_after_s: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.type = type
        self.details: Dict[str, Any] = details or {}
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @property
    def url(self) -> Optional[str]:
        """The console page about it, when there is one."""
        return self.details.get("url")


class PolicyError(AOSError):
    """A policy let a call not pass; see the three kinds of it."""

    @property
    def policy_id(self) -> Optional[str]:
        return self.details.get("policy_id")

    @property
    def policy_name(self) -> Optional[str]:
        return self.details.get("policy_name")


class PolicyBlockedError(PolicyError):
    """Money, tokens or requests are spent (402), or it is not allowed (403). Asking again does not help."""


class RunPausedError(PolicyError):
    """The call waits for a person."""


class RateLimitedError(PolicyError):
    """Too many at once or in a minute: ``retry_after_s`` says when there is room."""


class InvalidRequestError(AOSError):
    """The request cannot be read; the message names the member and what would be right."""


class AuthenticationError(AOSError):
    """No key, or not a live one."""


class PermissionDeniedError(AOSError):
    """The key's role does not permit it."""


class NotFoundError(AOSError):
    """There is no such thing, or it is not this key's to see."""


class ConflictError(AOSError):
    """It contradicts what is there: the thing has changed, has ended, or exists already."""


class GovernanceUnavailableError(AOSError):
    """The server cannot decide now; nothing was done."""


class ServerError(AOSError):
    """The server, or the provider behind it, failed."""


class ConnectionFailedError(AOSError):
    """No whole answer came: whether the request took effect is not known."""


class RunTimeoutError(AOSError):
    """The run did not end within the time given; ``run`` is how it stood last."""

    def __init__(self, message: str, run: Dict[str, Any]) -> None:
        super().__init__(message, code="run_timeout", type="timeout")
        self.run = run


_by_code: Dict[str, Type[AOSError]] = {
    "run_paused": RunPausedError,
    "rate_limit_exceeded": RateLimitedError,
    "governance_unavailable": GovernanceUnavailableError,
}

_by_status: Dict[int, Type[AOSError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: PolicyBlockedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    503: GovernanceUnavailableError,
}


def error_of(status: int, headers: Mapping[str, str], body: Any) -> AOSError:
    """The error an answer stands for. ``body`` is parsed JSON, or text when something in between answered."""
    said = body.get("error") if isinstance(body, dict) else None
    said = said if isinstance(said, dict) else {}
    code = str(said.get("code") or "unexpected_answer")
    kind_of = str(said.get("type") or "api_error")
    if kind_of == "policy_violation":
        kind: Type[AOSError] = PolicyBlockedError
    else:
        kind = _by_code.get(code) or _by_status.get(status) or (ServerError if status >= 500 else AOSError)
    details = said.get("details")
    return kind(
        str(said.get("message") or f"The server answered {status} without saying why: {str(body)[:200]}"),
        status=status,
        code=code,
        type=kind_of,
        details=details if isinstance(details, dict) else {},
        request_id=headers.get("x-request-id"),
        retry_after_s=seconds(headers.get("retry-after")),
    )


def seconds(text: Optional[str]) -> Optional[float]:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:
        return None
