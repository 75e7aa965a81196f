"""How a request reaches the server: one key, one address, repeated only when the server says that this helps."""

from __future__ import annotations

import json
import os
import time
import uuid
from http.client import HTTPException, HTTPResponse
from typing import Any, Dict, Mapping, Optional, Tuple
from urllib import error as urllib_error
from urllib import request as urllib_request
from urllib.parse import urlencode, urlsplit

from .errors import ConnectionFailedError, error_of, seconds

LOCAL_URL = "http://localhost:8000"


class Transport:
    """``api_key`` and ``base_url`` default to AOS_API_KEY and AOS_URL (or AOS_BASE_URL)."""

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        timeout: float = 60.0,
        max_retries: int = 2,
    ) -> None:
        url = base_url or os.environ.get("AOS_URL") or os.environ.get("AOS_BASE_URL") or LOCAL_URL
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise ValueError(f"base_url must be an address like {LOCAL_URL}, not {url!r}.")
        # Three dots are what documentation writes for a key: they count as not given.
        key = None if api_key in (None, "", "...") else api_key
        self.api_key = key or os.environ.get("AOS_API_KEY") or None
        if self.api_key is None:
            raise ValueError("An API key is needed: pass api_key, or set AOS_API_KEY.")
        self.base_url = url.rstrip("/")
        self.timeout = timeout
        self.max_retries = max_retries

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Optional[Mapping[str, Any]] = None,
        body: Optional[Any] = None,
        headers: Optional[Mapping[str, str]] = None,
        idempotency_key: Optional[str] = None,
    ) -> Any:
        """The parsed answer. Raises an AOSError for every answer that is an error, and when none comes."""
        sent = self._headers(body, headers)
        if method == "POST":
            sent["Idempotency-Key"] = idempotency_key or f"sdk-{uuid.uuid4().hex}"
        until = time.monotonic() + self.timeout
        for attempt in range(self.max_retries + 1):
            status, answer_headers, answer = self._once(method, path, query, body, sent)
            if status < 400:
                return answer
            wait = _retry_after(status, answer_headers)
            if wait is None or attempt == self.max_retries or time.monotonic() + wait >= until:
                raise error_of(status, answer_headers, answer)
            time.sleep(wait)
        raise AssertionError("every attempt answers or raises")

    def open_stream(self, path: str, headers: Mapping[str, str], read_timeout: float) -> HTTPResponse:
        """The answer while its body is still coming; the reader closes it."""
        sent = {**self._headers(None, headers), "Accept": "text/event-stream"}
        try:
            return self._open("GET", path, None, None, sent, read_timeout)
        except urllib_error.HTTPError as failed:
            with failed:
                raise error_of(failed.code, _lower(failed.headers), _parsed(failed.read())) from None

    def _once(
        self, method: str, path: str, query: Optional[Mapping[str, Any]], body: Optional[Any], sent: Dict[str, str]
    ) -> Tuple[int, Dict[str, str], Any]:
        try:
            with self._open(method, path, query, body, sent, self.timeout) as answer:
                return answer.status, _lower(answer.headers), _parsed(answer.read())
        except urllib_error.HTTPError as failed:
            with failed:
                return failed.code, _lower(failed.headers), _parsed(failed.read())
        except (HTTPException, OSError) as broken:
            raise self.unreachable(method, path, broken) from broken

    def _open(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, Any]],
        body: Optional[Any],
        sent: Dict[str, str],
        timeout: float,
    ) -> HTTPResponse:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        address = self.base_url + path + (f"?{urlencode(_texts(given), doseq=True)}" if given else "")
        data = None if body is None else json.dumps(body).encode()
        asked = urllib_request.Request(address, data=data, headers=sent, method=method)
        try:
            return urllib_request.urlopen(asked, timeout=timeout)
        except urllib_error.HTTPError:
            raise
        except (HTTPException, OSError) as broken:
            raise self.unreachable(method, path, broken) from broken

    def unreachable(self, method: str, path: str, broken: Exception) -> ConnectionFailedError:
        why = getattr(broken, "reason", None) or broken
        return ConnectionFailedError(
            f"{self.base_url} cannot be reached ({method} {path}: {why}). "
            "Start the server, or set AOS_URL to where it listens.",
            code="unreachable",
            type="connection_error",
        )

    def _headers(self, body: Optional[Any], headers: Optional[Mapping[str, str]]) -> Dict[str, str]:
        sent = {"Accept": "application/json", "Authorization": f"Bearer {self.api_key}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        return sent


def _retry_after(status: int, headers: Mapping[str, str]) -> Optional[float]:
    """Seconds until a repetition helps; None: the server does not say that one does."""
    should = headers.get("x-should-retry")
    if should == "false" or (should != "true" and status not in (429, 503)):
        return None
    after = seconds(headers.get("retry-after"))
    return after if after is not None else (1.0 if should == "true" else None)


def _texts(query: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}


def _lower(headers: Any) -> Dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _parsed(content: bytes) -> Any:
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
