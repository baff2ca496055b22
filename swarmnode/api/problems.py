"""Errors as answers: `application/problem+json` with a code for programs and a hint for people.

An answer states facts: it quotes no value that was sent and shows nothing of the program's insides.
"""

from __future__ import annotations

import msgspec

from ..errors import AccessDenied, NodeError, UsageError, WayChoice
from ..texts import said_in

CONTENT_TYPE = "application/problem+json"


class ErrorView(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong. `where` is a place in the request, `retry_after` seconds after which it may work.

    `choices` are the ways to a person, where one has to be chosen.
    """

    code: str
    detail: str
    hint: str = ""
    where: str = ""
    retry_after: int | None = None
    choices: tuple[WayChoice, ...] = ()


class BadRequest(UsageError):
    """The request does not have the shape that the route takes; `where` says at which place."""

    def __init__(self, text: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(text, hint=hint or "The API is described at /api/v1/openapi.json.")
        self.where = where


class Unauthorized(NodeError):
    """Nobody that this node knows asks."""

    code = "unauthorized"
    status = 401


class TooMany(AccessDenied):
    """Too many wrong guesses; wait `retry_after` seconds."""

    code = "too-many"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many wrong guesses.", hint=f"Wait {retry_after} seconds.")
        self.retry_after = retry_after


class TooLarge(UsageError):
    """The request is larger than this route takes."""

    code = "too-large"
    status = 413


class TooSlow(UsageError):
    """Somebody who is not known takes too long to send a request."""

    code = "too-slow"
    status = 408


class NotJson(UsageError):
    """The body is not JSON by its content type."""

    code = "not-json"
    status = 415


class NoSuchRoute(NodeError):
    """There is no such path, or it takes no such method."""

    code = "no-route"
    status = 404


class Internal(NodeError):
    """Our bug; the log has more."""

    code = "internal"


def problem_of(error: NodeError, language: str = "en") -> ErrorView:
    """What is answered for an error, in a language as far as that is known in it."""
    return ErrorView(
        code=error.code,
        detail=said_in(language, str(error)) or str(error),
        hint=said_in(language, error.hint) or error.hint,
        where=getattr(error, "where", ""),
        retry_after=getattr(error, "retry_after", None),
        choices=getattr(error, "choices", ()),
    )


def internal() -> Internal:
    """The answer to a bug of ours."""
    return Internal(
        "The node could not do this because of a fault of its own.",
        hint="Nothing was changed. The node's log says where it happened.",
    )


def wrong_shape(error: msgspec.MsgspecError, place: str) -> BadRequest:
    """The answer to a request that does not decode; `place` is `body` or `query`."""
    text, _, path = str(error).partition(" - at `$")
    if not isinstance(error, msgspec.ValidationError):
        return BadRequest(f"The {place} is not JSON.", where=place)
    # msgspec quotes the value of an unknown member of an enumeration; what was sent is not repeated.
    return BadRequest(text.partition(" '")[0].rstrip(".") + ".", where=place + path.removesuffix("`"))


def as_json(error: NodeError, language: str = "en") -> bytes:
    """Encode an error."""
    return msgspec.json.encode(problem_of(error, language))


def parse(data: bytes) -> ErrorView:
    """Read an answered problem; what is none becomes one."""
    try:
        return msgspec.json.decode(data, type=ErrorView)
    except msgspec.MsgspecError:
        return ErrorView("internal", "The node gave an answer that cannot be read.")
