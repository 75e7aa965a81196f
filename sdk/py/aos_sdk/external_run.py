"""A run of an agent that works by itself, while it is open."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any, Callable, Dict, Iterator, Optional

from .errors import AOSError, error_of
from .step_id import created_at, step_id_at

Json = Dict[str, Any]

#: The step that the code that asks is part of.
_inside: ContextVar[Optional[str]] = ContextVar("aos_step", default=None)


class RunStep:
    """A step that is under way: ``headers`` belong on calls of a model that are made in it."""

    def __init__(self, id: str, headers: Dict[str, str]) -> None:
        self.id = id
        self.headers = headers


class ExternalRun:
    """A run that is open: ``headers`` belong on its calls, ``step`` tells what its agent does by itself."""

    def __init__(self, id: str, run: Json, headers: Dict[str, str], report: Callable[[str, Json], Json]) -> None:
        self.id = id
        self.run = run
        self.headers = headers
        self._report = report
        self._heard = time.monotonic()

    @contextmanager
    def step(
        self,
        kind: str,
        name: Optional[str] = None,
        *,
        params: Optional[Any] = None,
        through_gateway: bool = False,
    ) -> Iterator[RunStep]:
        """A step of the agent: told as its block ends, with what a block inside it tells as its children.

        Raises PolicyBlockedError or RunPausedError when a policy says that the agent has to stop. ``kind`` is llm,
        tool, retrieval, query or transform; ``params`` are sent to be hashed. ``through_gateway`` is for what the
        gateway sees anyway, and then counts: the call of a model, or a tool whose result is brought to one.
        """
        began = self._now()
        id = step_id_at(began)
        about: Json = {
            "id": id,
            "kind": kind,
            "name": name or kind,
            "started_at": _text(began),
            "through_gateway": through_gateway,
        }
        parent = _inside.get()
        if parent is not None:
            about["parent_step_id"] = parent
        if params is not None:
            about["params"] = params
        token = _inside.set(id)
        try:
            yield RunStep(id, {**self.headers, "x-aos-step-id": id})
        except BaseException as failed:
            self._tell_failure(about, failed)
            raise
        finally:
            _inside.reset(token)
        told = self._report(self.id, {**about, "status": "succeeded", "ended_at": _text(self._now())})
        if told["stop"]:
            raise _stopped(self.id, told["items"][0])

    def _tell_failure(self, about: Json, failed: BaseException) -> None:
        """What went wrong in the block is what its caller has to hear, whatever becomes of the report."""
        told = {**about, "status": "cancelled", "ended_at": _text(self._now())}
        if isinstance(failed, Exception):
            told["status"] = "failed"
            told["error"] = {"code": type(failed).__name__[:100], "message": str(failed)[:2000]}
        try:
            self._report(self.id, told)
        except AOSError:
            pass

    def _now(self) -> int:
        """By the clock of the server that opened the run."""
        return created_at(self.id) + round((time.monotonic() - self._heard) * 1000)


def _text(epoch_ms: int) -> str:
    whole = datetime.fromtimestamp(epoch_ms // 1000, timezone.utc)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}Z"


def _stopped(run_id: str, item: Json) -> AOSError:
    """The refusal as a call of the gateway would have met it."""
    is_paused = item["decision"] == "pause"
    said = {
        "code": "run_paused" if is_paused else item["code"] or "policy_blocked",
        "type": "policy_hold" if is_paused else "policy_violation",
        "message": f"This run has to stop: {item['message'] or item['code']}. Details: {item['url']}",
        "details": {"run_id": run_id, **{name: item[name] for name in ("policy_id", "decision_id", "url")}},
    }
    return error_of(429 if is_paused else 403, {}, {"error": said})
