"""The client: goals, runs, and what is decided about them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence
from urllib.parse import quote

from .errors import ConflictError, ConnectionFailedError, RunTimeoutError, error_of
from .events import events_of
from .external_run import ExternalRun
from .headers import headers_of
from .transport import Transport

Json = Dict[str, Any]

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
#: A stream without even a heartbeat for so long is lost.
SILENCE_S = 10.0
#: How often in a row a stream is taken up again before that is an error.
RECONNECTIONS = 5


class AOSClient:
    """A client of one AOS server.

    ``api_key`` and ``base_url`` default to AOS_API_KEY and AOS_URL. Every answer is a plain dict with the names of
    the API; every failure is an AOSError with the server's code, message and details. ``timeout`` is in seconds.
    """

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        *,
        timeout: float = 60.0,
        max_retries: int = 2,
    ) -> None:
        self.transport = Transport(api_key, base_url, timeout, max_retries)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Optional[Any] = None,
        idempotency_key: Optional[str] = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Any:
        """Any endpoint, for example ``client.request("GET", "/api/v1/limits")``; /openapi.json lists them."""
        return self.transport.send(
            method, path, query=query, body=body, idempotency_key=idempotency_key, headers=headers
        )

    def get_capabilities(self, agent_id: Optional[str] = None) -> Json:
        """What this key, and an agent, may do now: skills, models, permissions, room in each limit."""
        return self.request("GET", "/api/v1/runtime/capabilities", query={"agent_id": agent_id})

    def simulate(
        self,
        goal: Optional[str] = None,
        agent_id: Optional[str] = None,
        *,
        plan: Optional[Json] = None,
        actor_id: Optional[str] = None,
        session_id: Optional[str] = None,
        project: Optional[str] = None,
        model: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> Json:
        """What a run would meet now: ``decision``, ``steps``, ``estimated_cost_usd``, ``matched_policies``."""
        asked = dict(
            goal=goal, agent_id=agent_id, plan=plan, actor_id=actor_id,
            session_id=session_id, project=project, model=model, tags=tags,
        )  # fmt: skip
        return self.request("POST", "/api/v1/runtime/simulate", body=_given(asked))

    def post_goal(
        self,
        agent_id: str,
        goal: str,
        *,
        actor_id: Optional[str] = None,
        session_id: Optional[str] = None,
        plan: Optional[Json] = None,
        project: Optional[str] = None,
        model: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        mode: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> Json:
        """Asks for a goal to be reached. The answer is the run as it is queued; ``poll_run`` waits for its end."""
        asked = dict(
            agent_id=agent_id, goal=goal, actor_id=actor_id, session_id=session_id,
            plan=plan, project=project, model=model, tags=tags, mode=mode,
        )  # fmt: skip
        return self.request("POST", "/api/v1/runs", body=_given(asked), idempotency_key=idempotency_key)

    def get_run(self, id: str) -> Json:
        """A run with its trace, totals and links."""
        return self.request("GET", _run(id))

    def list_runs(self, **filters: Any) -> Json:
        """All runs, newest first: ``client.list_runs(status=["failed"], agent="support-bot", limit=20)``."""
        return self.request("GET", "/api/v1/runs", query=filters)

    def list_steps(self, id: str, *, cursor: Optional[str] = None, limit: int = 200) -> Json:
        """The steps of a run that have ended, in order."""
        return self.request("GET", f"{_run(id)}/steps", query={"cursor": cursor, "limit": limit})

    def poll_run(
        self,
        id: str,
        timeout: float = 300,
        *,
        on_step: Optional[Callable[[Json], Any]] = None,
        raise_on_block: bool = False,
    ) -> Json:
        """The run when it has ended, however it ended; ``on_step`` is called with each step once.

        Raises RunTimeoutError when it has not ended within ``timeout`` seconds, and PolicyBlockedError when a policy
        ended it and ``raise_on_block`` is set.
        """
        until = time.monotonic() + timeout
        seen: List[str] = []
        wait = FIRST_WAIT_S
        while True:
            run = self.get_run(id)
            if on_step:
                self._tell_steps(id, seen, on_step)
            if run["ended_at"] is not None:
                return blocked(run) if raise_on_block and run["status"] == "failed_policy" else run
            left = until - time.monotonic()
            if left <= 0:
                raise run_timeout(run, timeout)
            time.sleep(min(wait, left))
            wait = min(LONGEST_WAIT_S, wait * 1.5)

    def stream_run(self, id: str, *, last_event_id: Optional[str] = None) -> Iterator[Json]:
        """What happens in a run, as it happens: dicts with ``type``, ``id``, ``at``. Ends after ``run.ended``.

        A connection that breaks is taken up again where it was.
        """
        failures = 0
        while True:
            headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
            try:
                with self.transport.open_stream(f"{_run(id)}/events", headers, SILENCE_S) as answer:
                    for event in events_of(answer):
                        failures = 0
                        last_event_id = event["id"] or last_event_id
                        if event["event"] == "heartbeat":
                            continue
                        yield event["data"]
                        if event["event"] == "run.ended":
                            return
            except (OSError, HTTPException, ConnectionFailedError) as broken:
                if failures >= RECONNECTIONS:
                    raise self.transport.unreachable("GET", f"{_run(id)}/events", broken) from broken
            failures += 1
            if failures > RECONNECTIONS:
                raise self.transport.unreachable("GET", f"{_run(id)}/events", OSError("the stream ends at once"))
            time.sleep(0.2 * failures)

    def cancel_run(self, id: str, reason: str) -> Json:
        return self._act(id, "cancel", reason)

    def pause_run(self, id: str, reason: str) -> Json:
        return self._act(id, "pause", reason)

    def resume_run(self, id: str, reason: str) -> Json:
        return self._act(id, "resume", reason)

    def kill_run(self, id: str, reason: str) -> Json:
        """Ends it at once; the answer is the receipt, which says what was confirmed."""
        return self._act(id, "kill", reason)

    def retry_run(self, id: str, reason: str) -> Json:
        """Asks for the same goal once more; the answer is the new run."""
        return self._act(id, "retry", reason)

    def finish_run(self, id: str, outcome: str, reason: Optional[str] = None) -> Json:
        """Says how a run of an external agent ended: succeeded, failed or cancelled."""
        body = _given({"outcome": outcome, "reason": reason})
        return self.request("POST", f"{_run(id)}/finish", body=body)

    def report_steps(self, id: str, steps: Sequence[Mapping[str, Any]]) -> Json:
        """Tells what an external agent did in its run; ``stop`` says whether it has to stop."""
        return self.request("POST", f"{_run(id)}/steps", body={"steps": list(steps)})

    @contextmanager
    def run(self, agent_id: str, goal: str, **more: Any) -> Iterator["ExternalRun"]:
        """A run of an agent that works by itself: open while the block runs, then ended as the block ended.

        Its ``headers`` go on every call of a model that belongs to it; what the agent does by itself is told with
        ``with run.step("tool", "search"):``.
        """
        opened = self.post_goal(agent_id, goal, mode="external", **more)
        headers = headers_of(run_id=opened["id"], agent_id=agent_id)
        scope = ExternalRun(opened["id"], opened, headers, lambda id, step: self.report_steps(id, [step]))
        try:
            yield scope
        except BaseException as failed:
            reason = f"{type(failed).__name__}: {failed}"[:500]
            self._finish(scope.id, "failed" if isinstance(failed, Exception) else "cancelled", reason)
            raise
        self._finish(scope.id, "succeeded", None)

    def headers(self, **context: Any) -> Dict[str, str]:
        """The headers for a client of a model: ``OpenAI(default_headers=client.headers(agent_id="support-bot"))``."""
        return headers_of(**context)

    def openai_options(self, **context: Any) -> Dict[str, Any]:
        """What the official client needs to go through the gateway: ``OpenAI(**client.openai_options(agent_id=…))``."""
        url = f"{self.transport.base_url}/v1"
        return {"base_url": url, "api_key": self.transport.api_key, "default_headers": headers_of(**context)}

    def anthropic_options(self, **context: Any) -> Dict[str, Any]:
        """The same for ``Anthropic(**client.anthropic_options(agent_id=…))``."""
        transport = self.transport
        return {
            "base_url": transport.base_url,
            "auth_token": transport.api_key,
            "default_headers": headers_of(**context),
        }

    def check(self, model: str, *, context: Optional[Mapping[str, Any]] = None, **call: Any) -> Json:
        """What would be decided about a call of a model, without making it: ``messages`` or ``input_tokens``,
        ``max_tokens``, ``tools``. The answer has ``allowed``, ``verdict`` and, when it is refused, ``refusal``."""
        body = {"kind": "llm", "model": model, **call}
        return self.request("POST", "/v1/guard/check", body=body, headers=headers_of(**(context or {})))

    def _act(self, id: str, verb: str, reason: str) -> Json:
        return self.request("POST", f"{_run(id)}/{verb}", body={"reason": reason})

    def _finish(self, id: str, outcome: str, reason: Optional[str]) -> None:
        try:
            self.finish_run(id, outcome, reason)
        except ConflictError:
            pass  # It was killed or cancelled meanwhile: that end stands.

    def _tell_steps(self, id: str, seen: List[str], on_step: Callable[[Json], Any]) -> None:
        cursor: Optional[str] = None
        while True:
            part = self.list_steps(id, cursor=cursor)
            for step in part["items"]:
                if step["id"] not in seen:
                    seen.append(step["id"])
                    on_step(step)
            cursor = part["next_cursor"]
            if cursor is None:
                return


def blocked(run: Json) -> Json:
    code = run.get("last_refusal") or "policy_blocked"
    message = f"A policy ended the run {run['id']} ({run['termination_reason']}, {code}). Details: {run['url']}"
    details = {"run_id": run["id"], "policy_id": run.get("violation_policy_id"), "url": run["url"]}
    said = {"message": message, "type": "policy_violation", "code": code, "details": details}
    raise error_of(403, {}, {"error": said})


def run_timeout(run: Json, timeout: float) -> RunTimeoutError:
    stands = "paused" if run.get("hold") == "paused" else run["status"]
    return RunTimeoutError(
        f"The run {run['id']} is still {stands} after {timeout:g} s. It goes on; poll it again, or cancel it. "
        f"{run['url']}",
        run,
    )


def _run(id: str) -> str:
    return f"/api/v1/runs/{quote(id, safe='')}"


def _given(members: Mapping[str, Any]) -> Json:
    return {name: value for name, value in members.items() if value is not None}
