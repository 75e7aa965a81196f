"""The same client for programs that run an event loop: requests are made in threads, waits are the loop's own."""

from __future__ import annotations

import asyncio
import time
from typing import Any, AsyncIterator, Awaitable, Callable, Dict, Mapping, Optional

from .client import FIRST_WAIT_S, LONGEST_WAIT_S, AOSClient, Json, blocked, run_timeout


class AsyncAOSClient:
    """Every method of AOSClient that is here takes and answers the same."""

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        *,
        timeout: float = 60.0,
        max_retries: int = 2,
    ) -> None:
        self.sync = AOSClient(api_key, base_url, timeout=timeout, max_retries=max_retries)

    async def request(self, method: str, path: str, **asked: Any) -> Any:
        return await asyncio.to_thread(self.sync.request, method, path, **asked)

    async def get_capabilities(self, agent_id: Optional[str] = None) -> Json:
        return await asyncio.to_thread(self.sync.get_capabilities, agent_id)

    async def simulate(self, goal: Optional[str] = None, agent_id: Optional[str] = None, **more: Any) -> Json:
        return await asyncio.to_thread(self.sync.simulate, goal, agent_id, **more)

    async def post_goal(self, agent_id: str, goal: str, **more: Any) -> Json:
        return await asyncio.to_thread(self.sync.post_goal, agent_id, goal, **more)

    async def get_run(self, id: str) -> Json:
        return await asyncio.to_thread(self.sync.get_run, id)

    async def list_runs(self, **filters: Any) -> Json:
        return await asyncio.to_thread(self.sync.list_runs, **filters)

    async def list_steps(self, id: str, *, cursor: Optional[str] = None, limit: int = 200) -> Json:
        return await asyncio.to_thread(self.sync.list_steps, id, cursor=cursor, limit=limit)

    async def poll_run(self, id: str, timeout: float = 300, *, raise_on_block: bool = False) -> Json:
        """Cancelling the task that waits leaves the run as it is."""
        until = time.monotonic() + timeout
        wait = FIRST_WAIT_S
        while True:
            run = await self.get_run(id)
            if run["ended_at"] is not None:
                return blocked(run) if raise_on_block and run["status"] == "failed_policy" else run
            left = until - time.monotonic()
            if left <= 0:
                raise run_timeout(run, timeout)
            await asyncio.sleep(min(wait, left))
            wait = min(LONGEST_WAIT_S, wait * 1.5)

    async def stream_run(self, id: str, *, last_event_id: Optional[str] = None) -> AsyncIterator[Json]:
        events = self.sync.stream_run(id, last_event_id=last_event_id)
        over: Dict[str, Any] = {}
        while True:
            event = await asyncio.to_thread(next, events, over)
            if event is over:
                return
            yield event

    async def cancel_run(self, id: str, reason: str) -> Json:
        return await self._act(self.sync.cancel_run, id, reason)

    async def pause_run(self, id: str, reason: str) -> Json:
        return await self._act(self.sync.pause_run, id, reason)

    async def resume_run(self, id: str, reason: str) -> Json:
        return await self._act(self.sync.resume_run, id, reason)

    async def kill_run(self, id: str, reason: str) -> Json:
        return await self._act(self.sync.kill_run, id, reason)

    async def retry_run(self, id: str, reason: str) -> Json:
        return await self._act(self.sync.retry_run, id, reason)

    async def finish_run(self, id: str, outcome: str, reason: Optional[str] = None) -> Json:
        return await asyncio.to_thread(self.sync.finish_run, id, outcome, reason)

    async def check(self, model: str, *, context: Optional[Mapping[str, Any]] = None, **call: Any) -> Json:
        return await asyncio.to_thread(self.sync.check, model, context=context, **call)

    def headers(self, **context: Any) -> Dict[str, str]:
        return self.sync.headers(**context)

    def _act(self, act: Callable[[str, str], Json], id: str, reason: str) -> Awaitable[Json]:
        return asyncio.to_thread(act, id, reason)
