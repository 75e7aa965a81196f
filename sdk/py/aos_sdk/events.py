"""Server-sent events, as the WHATWG specification reads them."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, Iterator, List


def events_of(lines: Iterable[bytes]) -> Iterator[Dict[str, Any]]:
    """Each event as ``{"id", "event", "data"}``; ``data`` is parsed when it is JSON."""
    fields: Dict[str, List[str]] = {}
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value[1:] if value.startswith(" ") else value)
            continue
        if "data" in fields:
            yield {
                "id": fields["id"][-1] if "id" in fields else None,
                "event": (fields.get("event") or ["message"])[-1] or "message",
                "data": _parsed("\n".join(fields["data"])),
            }
        fields = {}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
