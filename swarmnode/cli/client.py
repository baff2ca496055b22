"""Asks the running node over its socket. Plain `http.client`, which is loaded in no time."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ..api import PREFIX, local
from ..api.problems import ErrorView, parse
from ..errors import NodeError, NotRunning

T = TypeVar("T")
TIMEOUT_S = 600.0


def _all(kind: type[NodeError]) -> Iterator[type[NodeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _all(below)


EXITS: Mapping[str, int] = {kind.code: kind.exit for kind in _all(NodeError)}


class Answered(NodeError):
    """The node said no; code and exit are those of its answer."""

    def __init__(self, problem: ErrorView) -> None:
        super().__init__(problem.detail, hint=problem.hint)
        self.code = problem.code  # type: ignore[misc]  # of one answer, not of the class
        self.exit = EXITS.get(problem.code, 1)  # type: ignore[misc]
        self.where, self.retry_after = problem.where, problem.retry_after
        self.choices = problem.choices


class _Connection(HTTPConnection):
    def __init__(self, home: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._home = home

    def connect(self) -> None:
        self.sock = local.connect(self._home, TIMEOUT_S)


class _Named(msgspec.Struct, frozen=True):
    id: str
    name: str


class Client:
    """Calls to the node on a home."""

    def __init__(self, home: Path, language: str = "en") -> None:
        self._home, self._language = home, language

    def get(self, path: str, kind: type[T], **query: object) -> T:
        """Ask; raises Answered or NotRunning."""
        asked = urlencode({name: value for name, value in query.items() if value not in {"", None}})
        return msgspec.json.decode(self._read("GET", f"{path}?{asked}" if asked else path), type=kind)

    def call(self, method: str, path: str, body: Mapping[str, object] | None, kind: type[T]) -> T:
        """Write; raises like `get`."""
        return msgspec.json.decode(self._read(method, path, body), type=kind)

    def do(self, method: str, path: str, body: Mapping[str, object] | None = None) -> None:
        """Write what has no answer; raises like `get`."""
        self._read(method, path, body)

    def resolve(self, kind: str, text: str) -> str:
        """The id of what a person means."""
        return self.call("POST", "/resolve", {"kind": kind, "text": text}, _Named).id

    def download(self, path: str) -> bytes:
        """A file's bytes."""
        return self._read("GET", path)

    def stream(self, path: str, **query: object) -> Iterator[tuple[str, Any]]:
        """Types and data of a stream's lines, until it ends. The stream is open when this returns."""
        return self._lines(self._open("GET", f"{path}?{urlencode(query)}" if query else path))

    def _lines(self, response: HTTPResponse) -> Iterator[tuple[str, Any]]:
        kind = ""
        try:
            while line := response.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "problem":
                    raise Answered(parse(value.encode()))
                elif name == "data":
                    yield kind, msgspec.json.decode(value)
        except (OSError, HTTPException):
            return
        finally:
            response.close()

    def _read(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        response = self._open(method, path, body)
        try:
            return response.read()
        except (OSError, HTTPException):
            raise NotRunning("The node went away before it answered.", hint="See its log.") from None
        finally:
            response.close()

    def _open(self, method: str, path: str, body: Mapping[str, object] | None = None) -> HTTPResponse:
        headers = {"Accept-Language": self._language}
        headers["Connection"] = "close"  # then the answer alone holds the socket
        if method != "GET":
            headers["Idempotency-Key"] = secrets.token_hex(16)
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = msgspec.json.encode(body) if body is not None else None
        connection = _Connection(self._home)
        try:
            connection.request(method, PREFIX + path, data, headers)
            response = connection.getresponse()
        except (OSError, HTTPException):
            connection.close()
            raise NotRunning("The node went away before it answered.", hint="See its log.") from None
        if response.status >= 400:
            with response:
                raise Answered(parse(response.read()))
        return response


def at(*parts: str) -> str:
    """A path of these parts, each quoted."""
    return "".join("/" + quote(part, safe="") for part in parts)
