"""The headers that tell the gateway on whose behalf a call is made."""

from __future__ import annotations

from typing import Dict, Mapping, Optional


def headers_of(
    *,
    agent_id: Optional[str] = None,
    actor_id: Optional[str] = None,
    session_id: Optional[str] = None,
    run_id: Optional[str] = None,
    step_id: Optional[str] = None,
    project: Optional[str] = None,
    tags: Optional[Mapping[str, str]] = None,
    meta: Optional[Mapping[str, str]] = None,
    dry_run: bool = False,
    traceparent: Optional[str] = None,
) -> Dict[str, str]:
    """Agents, actors, sessions and projects by id or slug; nothing is sent for what is not given."""
    named = {
        "x-aos-agent-id": agent_id,
        "x-aos-actor-id": actor_id,
        "x-aos-session-id": session_id,
        "x-aos-run-id": run_id,
        "x-aos-step-id": step_id,
        "x-aos-project": project,
        "x-aos-tags": ",".join(f"{name}={value}" for name, value in (tags or {}).items()) or None,
        "x-aos-dry-run": "1" if dry_run else None,
        "traceparent": traceparent,
    }
    for name, value in (meta or {}).items():
        named[f"x-aos-meta-{name}"] = value
    return {name: value for name, value in named.items() if value is not None}
