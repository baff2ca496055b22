"""Events as servers tell them, checked: what does not fit is none (Matrix client-server API 1.11, 8.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

MESSAGE, STICKER, ENCRYPTED = "m.room.message", "m.sticker", "m.room.encrypted"
REACTION, REDACTION, MEMBER = "m.reaction", "m.room.redaction", "m.room.member"
REPLACE, THREAD, ANNOTATION = "m.replace", "m.thread", "m.annotation"
MEGOLM = "megolm"
MAX_ID = 255
"""Bytes of any id (1.11, appendices, 4); what is longer is none."""


class Event(msgspec.Struct, frozen=True):
    """An event of a room. `state_key` is None for what is no state."""

    type: str
    sender: str
    event_id: str = ""
    content: dict[str, Any] = {}
    state_key: str | None = None
    origin_server_ts: float = 0
    unsigned: dict[str, Any] = {}
    redacts: str = ""

    @property
    def time(self) -> float:
        """Unix seconds, as the sender's server says."""
        return self.origin_server_ts / 1000

    @property
    def redacted(self) -> bool:
        """Whether it was taken back, and its content with it."""
        return bool(table(self.unsigned.get("redacted_because")))

    @property
    def target(self) -> str:
        """What a redaction takes back; room version 11 moved it into the content."""
        return self.redacts or text(self.content, "redacts")

    @property
    def transaction(self) -> str:
        """Our own key, where this session sent it."""
        return text(self.unsigned, "transaction_id")

    @property
    def relation(self) -> Mapping[str, Any]:
        """How it relates to another event."""
        return table(self.content.get("m.relates_to"))

    @property
    def replaced(self) -> str:
        """The message of which this is an edit."""
        return text(self.relation, "event_id") if self.relation.get("rel_type") == REPLACE else ""


def event_of(raw: Any) -> Event | None:
    """Check an event; None is none."""
    try:
        return msgspec.convert(_without_nulls(raw), Event)
    except (msgspec.ValidationError, RecursionError):
        return None


def events_of(raw: Any) -> Iterator[Event]:
    """Those of a list that are events."""
    for item in raw if isinstance(raw, list) else ():
        if (event := event_of(item)) is not None:
            yield event


def _without_nulls(raw: Any) -> Any:
    """Null is the same as nothing, at the top."""
    return {n: v for n, v in raw.items() if v is not None} if isinstance(raw, dict) else raw


def table(raw: Any) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return raw if isinstance(raw, dict) else {}


def text(raw: Mapping[str, Any], name: str) -> str:
    """A text of an object, or nothing."""
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def number(raw: Mapping[str, Any], name: str) -> int | None:
    """A size of an object; None where there is none that makes sense."""
    value = raw.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None


def texts(raw: Any, most: int = 10_000) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(item for item in raw[:most] if isinstance(item, str)) if isinstance(raw, list) else ()
