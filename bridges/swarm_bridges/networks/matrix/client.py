"""Asking a homeserver: paths, the token, and what its answers mean (Matrix client-server API 1.11, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ... import api
from ...api import Http, Reply
from .model import table

API = "/_matrix/client/v3"
V1 = "/_matrix/client/v1"
MEDIA = V1 + "/media"
ANSWERS = frozenset({400, 401, 403, 404, 405, 409, 410, 413, 429})
"""Statuses whose body says more than they do."""
MAX_WAIT_S = 3600.0
MAX_BYTES = 50_000_000
"""Of one answer: the first one of an account in many rooms is large."""
LOST = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"})
FINAL = frozenset({"M_USER_DEACTIVATED", "M_USER_SUSPENDED", "M_USER_LOCKED"})
NOT_THERE = frozenset({"M_UNRECOGNIZED"})


class Client:
    """A server and a token. Methods raise errors of the contract."""

    def __init__(self, http: Http, base: str, token: str = "") -> None:
        self.base = base.rstrip("/")
        self._http, self._token = http, token

    async def get(self, path: str, timeout_s: float = 60.0, **params: str | int | None) -> dict[str, Any]:
        """What a path says."""
        named = [(name.rstrip("_"), str(value)) for name, value in params.items() if value not in {None, ""}]
        return await self._ask("GET", path, params=named, timeout_s=timeout_s)

    async def post(self, path: str, said: Any, *, again: bool = False) -> dict[str, Any]:
        """Have the server do something. `again`: twice is as good as once."""
        return await self._ask("POST", path, json=said, idempotency="again" if again else "")

    async def put(self, path: str, said: Any, *, again: bool = True) -> dict[str, Any]:
        """Put something in its place."""
        return await self._ask("PUT", path, json=said, idempotency="again" if again else "")

    async def delete(self, path: str) -> dict[str, Any]:
        """Take something away."""
        return await self._ask("DELETE", path, idempotency="again")

    async def upload(self, name: str, media_type: str, data: bytes) -> str:
        """Store a file; gives its `mxc` address. What is stored twice lies there twice, and nobody minds."""
        reply = await self._request(
            "POST",
            "/_matrix/media/v3/upload",
            params=[("filename", name)] if name else [],
            headers={"Content-Type": media_type or "application/octet-stream"},
            body=data,
            idempotency="again",
            timeout_s=300.0,
        )
        uri = table(reply.json()).get("content_uri")
        if not isinstance(uri, str):
            raise api.Temporary("the server gave no place for the file")
        return uri

    @property
    def headers(self) -> dict[str, str]:
        """Of each request."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        given = {name: value for name, value in options.items() if value not in (None, "", [])}
        whole = path if path.startswith("/_matrix/") else API + path
        reply = await self._request(method, whole, **given)
        try:
            told = reply.json()
        except api.Temporary as e:
            if method == "GET" or "idempotency" in given:
                raise
            raise api.Interrupted(str(e)) from None  # it has done something
        if not isinstance(told, dict):
            raise api.Temporary("the server answered something else than an object")
        return told

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Reply:
        reply = await self._http.request(
            method,
            self.base + path,
            headers={**self.headers, **(headers or {})},
            allow=ANSWERS,
            max_bytes=MAX_BYTES,
            **options,
        )
        if reply.status >= 300:
            raise error_of(reply)
        return reply


def error_of(reply: Reply) -> api.BridgeError:
    """What a refusal means: by the server's code, where it gives one, else by the status."""
    try:
        told = table(reply.json())
    except api.Temporary:
        told = {}
    code, status = str(told.get("errcode", "")), reply.status
    text = f"the server answered {status}" + (f" ({code})" if code.isascii() and len(code) < 60 else "")
    if code == "M_LIMIT_EXCEEDED" or status == 429:
        return api.Limited(text, wait_s=_wait(told, reply.headers))
    if code in FINAL:
        return api.AuthRevoked(text)
    if code in LOST or status == 401:
        return api.AuthExpired(text)
    if code in NOT_THERE or status == 405:
        return api.NotSupported(text)
    if status in {404, 410}:
        return api.Gone(text)
    return api.Refused(text)


def _wait(told: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """Seconds until more is allowed: the header's (1.10 and newer), else the body's milliseconds."""
    after = headers.get("retry-after", "")
    if after.isascii() and after.isdigit():
        return min(float(after), MAX_WAIT_S)
    wait_ms = told.get("retry_after_ms")
    if isinstance(wait_ms, int) and not isinstance(wait_ms, bool) and wait_ms >= 0:
        return min(wait_ms / 1000, MAX_WAIT_S)
    return None


def path(*parts: str) -> str:
    """A path of parts, each of which may hold anything."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)
