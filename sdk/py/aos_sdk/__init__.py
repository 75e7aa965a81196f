"""Client of AOS, the control plane for LLM runs. Answers are plain dicts, with the names of the API."""

from .async_client import AsyncAOSClient
from .client import AOSClient
from .errors import (
    AOSError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    GovernanceUnavailableError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    PolicyBlockedError,
    PolicyError,
    RateLimitedError,
    RunPausedError,
    RunTimeoutError,
    ServerError,
)
from .external_run import ExternalRun, RunStep

__all__ = [
    "AOSClient",
    "AOSError",
    "AsyncAOSClient",
    "AuthenticationError",
    "ConflictError",
    "ConnectionFailedError",
    "ExternalRun",
    "GovernanceUnavailableError",
    "InvalidRequestError",
    "NotFoundError",
    "PermissionDeniedError",
    "PolicyBlockedError",
    "PolicyError",
    "RateLimitedError",
    "RunPausedError",
    "RunStep",
    "RunTimeoutError",
    "ServerError",
]
