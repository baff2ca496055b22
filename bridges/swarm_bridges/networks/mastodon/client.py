"""Asking a server: paths, the token, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from ... import api
from ...api import Clock, Http, LocalFile, Reply
from .server import Server, server_of
from .words import seconds_of

LIMITED = frozenset({429})
MAX_WAIT_S = 3600.0
PAGE_BYTES = 8_000_000
"""A page of forty posts with pictures is some 200 kB."""


class Client:
    """A server and a token. Methods raise errors of the contract."""

    def __init__(self, http: Http, clock: Clock, base: str, token: str = "") -> None:
        self.base, self.server = base, Server(software="")
        self._http, self._clock, self._token = http, clock, token

    async def get(self, path: str, **params: str | int | None) -> Any:
        """The JSON of a path."""
        return (await self._read(path, params)).json()

    async def page(self, path: str, **params: str | int | None) -> tuple[list[Any], Mapping[str, str]]:
        """A list, and the answer's headers: some lists go on where only those say."""
        reply = await self._read(path, params)
        told = reply.json()
        return (told if isinstance(told, list) else []), reply.headers

    async def _read(self, path: str, params: Mapping[str, str | int | None]) -> Reply:
        named = [(name, str(value)) for name, value in params.items() if value not in {None, ""}]
        return await self._ask("GET", path, params=named)

    async def act(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, LocalFile]] = (),
        key: str = "",
        repeatable: bool = False,
    ) -> Reply:
        """Have the server do something.

        `key` is given to servers that know it again; to others what is sent twice is two things, unless it is
        `repeatable`.
        """
        known = (key or "again") if repeatable or (key and self.server.keyed) else ""
        return await self._ask(method, path, json=json, form=form, files=files, idempotency=known)

    async def look(self) -> Server:
        """Read what the server says of itself."""
        try:
            told = await self.get("/api/v2/instance")
        except api.Refused:
            told = await self.get("/api/v1/instance")
        self.server = server_of(told)
        return self.server

    @property
    def headers(self) -> dict[str, str]:
        """Of each request. A connection that its server closes in silence is not used twice."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if not self.server.software or not self.server.keeps_lines:
            headers["Connection"] = "close"
        return headers

    async def _ask(self, method: str, path: str, **options: Any) -> Reply:
        reply = await self._http.request(
            method,
            self.base + path,
            headers=self.headers,
            allow=LIMITED,
            max_bytes=PAGE_BYTES,
            **{name: value for name, value in options.items() if value},
        )
        if reply.status == 429:
            raise api.Limited("the server answered 429", wait_s=self._wait(reply.headers))
        return reply

    def _wait(self, headers: Mapping[str, str]) -> float | None:
        """Seconds until more is allowed; Mastodon names a date, which counts on the server's own clock."""
        after = headers.get("retry-after", "")
        if after.isascii() and after.isdigit():
            return min(float(after), MAX_WAIT_S)
        reset = seconds_of(headers.get("x-ratelimit-reset", ""))
        if reset is None:
            return None
        try:
            now = parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError, OverflowError):
            now = self._clock.now()
        return min(max(reset - now, 1.0), MAX_WAIT_S)
