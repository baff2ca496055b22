"""What passes between a node and a bridge's process: msgpack in frames, over an inherited socket.

A frame is four bytes of length, highest first, and one of the structures below. Whoever wants something
sends an `Ask` with a number of its own; the other side answers it with `Answer` or `Failure`, in any order.
What may be asked, with which arguments, is read from the contract itself: `DESK` from `desk.Desk`, `BRIDGE`
from `api.Bridge` and what a bridge may have besides, `CALLER` from `desk.Caller`. So nothing decodes but the
types of the contract, and whoever sends something else is `Broken`.

Connected sockets cannot lie in a frame. They come over a second socket, each with the number of its `Ask`,
before the answer does.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from socket import socket
from types import NoneType
from typing import Any, Protocol, TypeAlias, TypeVar, get_type_hints

import msgspec

from . import api, desk
from .api import AccountId, BridgeError, RemoteFile

T = TypeVar("T")

LENGTH_BYTES = 4
MAX_FRAME = 64 * 1024 * 1024
"""Bytes: room for a file that is sent. Far below what a process may have."""
MAX_TOLD = 24 * 1024 * 1024
"""Bytes of a frame from a process: room for all that a bridge remembers. The node waits while one decodes."""
MAX_TEXT = 500
"""Characters of an error's text."""
BEAT_S = 1.0
"""A process says so often that its loop runs."""


class Broken(Exception):
    """The other side sent what it must not; it is not to be talked to any further."""


# Frames


class Ask(msgspec.Struct, frozen=True, tag="ask"):
    """Do this for an account. `arguments` are those of the verb, encoded."""

    id: int
    verb: str
    account: AccountId
    arguments: msgspec.Raw


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What came of it, encoded."""

    id: int
    result: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, tag="failure", omit_defaults=True):
    """It was raised; `kind` is the name of a `BridgeError`."""

    id: int
    kind: str
    text: str = ""
    wait_s: float | None = None
    scope: str = "account"


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Nobody waits for this any more."""

    id: int


class Note(msgspec.Struct, frozen=True, tag="note"):
    """`Desk.log`, which has no answer."""

    account: AccountId
    level: str
    event: str
    facts: Mapping[str, desk.Fact]


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """The loop runs; `late_s` is by how much it was late."""

    late_s: float = 0.0


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The package is imported: what its `Bridge` has, whether there is a `Login`, and what confines it."""

    verbs: frozenset[str]
    login: bool
    confined: frozenset[str]


class Unready(msgspec.Struct, frozen=True, tag="unready"):
    """The package cannot be used: `import` or `shape`, and where in the code that was found."""

    reason: str
    where: str = ""


Frame: TypeAlias = Ask | Answer | Failure | Cancel | Note | Beat | Ready | Unready

_encoder = msgspec.msgpack.Encoder()
_frames: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame, most: int = MAX_FRAME) -> bytes:
    """A frame with its length.

    Raises:
        Refused: it is larger than `most`.
    """
    body = _encoder.encode(frame)
    if len(body) > most:
        raise api.Refused("too large to pass between a bridge and the node")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def raw(result: Any) -> msgspec.Raw:
    """A result as it lies in an `Answer`."""
    return msgspec.Raw(_encoder.encode(result))


def length(head: bytes, most: int = MAX_FRAME) -> int:
    """How long the frame is that follows these LENGTH_BYTES. Raises Broken."""
    size = int.from_bytes(head, "big")
    if size > most:
        raise Broken("a frame is too long")
    return size


def decode(body: bytes) -> Frame:
    """A frame without its length. Raises Broken."""
    frame: Frame = _strictly(lambda: _frames.decode(body))
    return frame


def _strictly(decoding: Callable[[], T]) -> T:
    try:
        return decoding()
    except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError) as e:
        raise Broken(f"a frame does not decode ({type(e).__name__})") from None


# Verbs


@dataclass(frozen=True, slots=True)
class Verb:
    """How the arguments and the result of one verb are written."""

    arguments: type[msgspec.Struct]
    arguments_decoder: msgspec.msgpack.Decoder[Any]
    result_decoder: msgspec.msgpack.Decoder[Any]

    def pack(self, arguments: Mapping[str, Any]) -> msgspec.Raw:
        """Arguments, by name. Raises TypeError for others than the verb has, or of other types.

        Looked at before they leave: a mistake in what one account tells must not end the process for all.
        """
        packed = raw(self.arguments(**arguments))
        _checked(self.arguments_decoder, packed)
        return packed

    def unpack(self, arguments: msgspec.Raw) -> dict[str, Any]:
        """Arguments, by name. Raises Broken."""
        decoded: msgspec.Struct = _strictly(lambda: self.arguments_decoder.decode(arguments))
        return msgspec.structs.asdict(decoded)

    def pack_result(self, result: Any) -> msgspec.Raw:
        """A result. Raises TypeError for one of another type."""
        packed = raw(result)
        _checked(self.result_decoder, packed)
        return packed

    def result(self, result: msgspec.Raw) -> Any:
        """Raises Broken."""
        return _strictly(lambda: self.result_decoder.decode(result))


def _checked(decoder: msgspec.msgpack.Decoder[Any], packed: msgspec.Raw) -> None:
    try:
        decoder.decode(packed)
    except (msgspec.MsgspecError, RecursionError) as e:
        # The names of fields say what is wrong; values are not among them.
        raise TypeError(f"not of the contract's types: {e}") from None


Verbs: TypeAlias = Mapping[str, Verb]

_GIVEN = frozenset({"self", "ctx", "account", "flow"})
"""Parameters that are no arguments: what the other side has itself, and the account of the frame."""


def _verb(name: str, function: Callable[..., Any]) -> Verb:
    hints = get_type_hints(function)
    fields: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in _GIVEN:
            continue
        field = (parameter.name, hints[parameter.name])
        fields.append(field if parameter.default is parameter.empty else (*field, parameter.default))
    # Without a look inside: passwords are arguments too.
    hidden = {"__repr__": lambda _: name}
    arguments = msgspec.defstruct(name, fields, frozen=True, kw_only=True, namespace=hidden)
    returned = hints["return"]
    if returned is socket or returned == Exception | None:
        returned = NoneType  # sockets go beside the frames, errors are failures
    return Verb(arguments, msgspec.msgpack.Decoder(arguments), msgspec.msgpack.Decoder(returned))


def _verbs(*protocols: type, without: frozenset[str] = frozenset()) -> dict[str, Verb]:
    return {
        name: _verb(name, member)
        for protocol in protocols
        for name, member in vars(protocol).items()
        if not name.startswith("_") and callable(member) and name not in without
    }


class Fetching(Protocol):
    """`Caller.fetch` in pieces, asked for one by one, so that nobody is sent more than he takes."""

    async def fetch_open(self, account: AccountId, file: RemoteFile) -> int:
        """A number for a file that is being fetched."""
        ...

    async def fetch_next(self, account: AccountId, number: int) -> bytes:
        """The next piece; none is the end."""
        ...

    async def fetch_close(self, account: AccountId, number: int) -> None:
        """No more of it is wanted."""
        ...


PARTS: Mapping[str, type] = {
    name: part
    for name, part in vars(api).items()
    if inspect.isclass(part) and getattr(part, "_is_runtime_protocol", False)
}
"""`api.Bridge` and all that a bridge may have besides, by name."""

DESK: Verbs = _verbs(desk.Desk, without=frozenset({"log"}))
"""What a bridge's process asks of the node."""
BRIDGE: Verbs = _verbs(*PARTS.values(), without=frozenset({"run", "fetch", "migrate"}))
"""What the node asks of a bridge."""
CALLER: Verbs = {**_verbs(desk.Caller, without=frozenset({"call", "fetch"})), **_verbs(Fetching), **BRIDGE}
"""All that the node asks of a bridge's process."""


# Errors


ERRORS: Mapping[str, type[BridgeError]] = {
    name: kind for name, kind in vars(api).items() if inspect.isclass(kind) and issubclass(kind, BridgeError)
}


def failure(number: int, error: BaseException) -> Failure:
    """An error as a frame: those of the contract as they are, of others only where they came from.

    The text of a library's error may quote what it was raised about, so it stays where it is.
    """
    if not isinstance(error, BridgeError):
        return Failure(number, "BridgeError", where(error)[:MAX_TEXT])
    kind = next(base.__name__ for base in type(error).__mro__ if ERRORS.get(base.__name__) is base)
    text = str(error)[:MAX_TEXT]
    if isinstance(error, api.Limited):
        return Failure(number, kind, text, error.wait_s, error.scope)
    return Failure(number, kind, text)


def raised(failed: Failure) -> BridgeError:
    """What a failure stands for. Raises Broken for a kind that the contract does not have."""
    if (kind := ERRORS.get(failed.kind)) is None:
        raise Broken("an error of an unknown kind")
    text = failed.text[:MAX_TEXT]
    if kind is not api.Limited:
        return kind(text)
    wait_s = failed.wait_s
    known = (
        wait_s is not None and math.isfinite(wait_s) and wait_s >= 0
    )  # timers do not survive other numbers
    return api.Limited(text, wait_s=wait_s if known else None, scope=failed.scope)


def where(error: BaseException) -> str:
    """The type of an error and the places of the code on its way, innermost first."""
    places, at = [], error.__traceback__
    while at is not None:
        module = str(at.tb_frame.f_globals.get("__name__", "?"))
        if not module.startswith("importlib"):
            places.append(f"{module}:{at.tb_lineno}")
        at = at.tb_next
    return " < ".join([type(error).__qualname__, *reversed(places)])
