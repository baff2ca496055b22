"""A row of the table of routes, and what a handler gets.

A handler is `async def handler(call, body, query)`, the last two as far as it takes them. Its annotations say
what they look like and what it answers with; OpenAPI and the checks of requests are made from them. A handler
that answers None answers 204.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

import msgspec

from .access import Access, Gate, Scope
from .node import File, Node

SMALL = 64 * 1024
"""Bytes of a request, where the route says nothing else."""

T = TypeVar("T")


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a request brings. A name that nobody knows is an error."""

    def __repr__(self) -> str:
        """Show the type alone: bodies hold words, passphrases and what people say."""
        return f"<{type(self).__name__}>"


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands behind the `?`: numbers and cursors. Texts of people never do: URLs are logged."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """One line of a stream: an event's type, its data as JSON, and its id where it has one."""

    type: str
    data: bytes = field(repr=False)
    id: int | None = None


Stream = AsyncIterator[Streamed]
Upload = AsyncIterator[bytes]
"""A file that comes piece by piece, up to the route's limit; a handler takes it as `upload`."""


@dataclass(slots=True)
class Call:
    """One request, as a handler sees it. `cookie` is set by handlers that open or end a session.

    `language` is the one of its hints for people, as `Accept-Language` asks.
    """

    node: Node
    gate: Gate
    access: Access
    params: Mapping[str, str]
    key: str
    last_event: int | None = None
    language: str = "en"
    cookie: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Route:
    """One row. `once` is off for answers that hold a secret; `limit` is the largest body in bytes."""

    method: str
    path: str
    handler: Callable[..., Any]
    scope: Scope
    summary: str
    limit: int = SMALL
    once: bool = True

    @cached_property
    def hints(self) -> Mapping[str, Any]:
        """The handler's annotations."""
        return get_type_hints(self.handler)

    @property
    def body(self) -> Any:
        """The type of the request's body, or None."""
        return self.hints.get("body")

    @property
    def uploads(self) -> bool:
        """Whether the request's body is a file."""
        return "upload" in self.hints

    @property
    def query(self) -> Any:
        """The type of the query, or None."""
        return self.hints.get("query")

    @property
    def answer(self) -> Any:
        """The type of the answer; NoneType for none."""
        return self.hints["return"]

    @property
    def streams(self) -> bool:
        """Whether it answers with a stream of events."""
        return bool(self.answer == Stream)

    @property
    def raw(self) -> bool:
        """Whether it answers with a file's bytes."""
        return self.answer is File

    @property
    def writes(self) -> bool:
        """Whether it may change something, so that it matters which page asks."""
        return self.method != "GET"

    @property
    def names(self) -> tuple[str, ...]:
        """The names in braces in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))
