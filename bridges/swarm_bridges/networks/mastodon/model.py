"""The server's JSON, as far as it is used (docs.joinmastodon.org/entities).

Servers differ in what they leave out, so only what nothing can be done without is required, and null is the
same as nothing. What does not fit raises `msgspec.ValidationError`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
MAX_DEPTH = 12
"""A notification holds a boost, which holds a post, which holds a poll, which holds answers: nine."""


class Emoji(msgspec.Struct, frozen=True):
    """A picture that stands for `:shortcode:`."""

    shortcode: str
    url: str = ""


class Line(msgspec.Struct, frozen=True):
    """A field of a profile: HTML, but in a `Source`."""

    name: str = ""
    value: str = ""


class Source(msgspec.Struct, frozen=True):
    """The owner's profile as it was written."""

    fields: list[Line] = []


class Account(msgspec.Struct, frozen=True):
    """Somebody. `id` is the server's, and never changes; `acct` lacks the host for people of the server.

    `uri` is what all servers know the account by; old ones do not tell it. `fields` are None where the server
    does not say what the profile has.
    """

    id: str
    uri: str = ""
    fields: list[Line] | None = None
    source: Source = Source()
    acct: str = ""
    username: str = ""
    display_name: str = ""
    url: str = ""
    avatar: str = ""
    bot: bool = False
    moved: Account | None = None


class Mention(msgspec.Struct, frozen=True):
    """Somebody who is addressed."""

    id: str = ""
    acct: str = ""
    url: str = ""


class Media(msgspec.Struct, frozen=True):
    """A file under a post."""

    id: str = ""
    type: str = "unknown"
    url: str = ""
    remote_url: str = ""
    description: str = ""


class Option(msgspec.Struct, frozen=True):
    """An answer of a poll."""

    title: str
    votes_count: int | None = None


class Poll(msgspec.Struct, frozen=True):
    """A poll. `own_votes` are numbers of options."""

    id: str
    options: list[Option] = []
    multiple: bool = False
    expired: bool = False
    expires_at: str = ""
    votes_count: int = 0
    voted: bool = False
    own_votes: list[int] = []


class Status(msgspec.Struct, frozen=True):
    """A post, or a boost of one (`reblog`)."""

    id: str
    account: Account
    content: str = ""
    text: str = ""
    created_at: str = ""
    edited_at: str = ""
    visibility: str = "public"
    spoiler_text: str = ""
    sensitive: bool = False
    in_reply_to_id: str = ""
    reblog: Status | None = None
    media_attachments: list[Media] = []
    mentions: list[Mention] = []
    emojis: list[Emoji] = []
    poll: Poll | None = None
    favourited: bool = False
    reblogged: bool = False
    bookmarked: bool = False
    favourites_count: int = 0
    reblogs_count: int = 0
    url: str = ""


class Notification(msgspec.Struct, frozen=True):
    """Something that concerns the owner."""

    id: str
    type: str
    account: Account
    created_at: str = ""
    status: Status | None = None


class Thread(msgspec.Struct, frozen=True):
    """What stands around a post."""

    ancestors: list[Any] = []
    descendants: list[Any] = []


class Conversation(msgspec.Struct, frozen=True):
    """A thread of direct posts."""

    id: str
    last_status: Any = None


class PeopleList(msgspec.Struct, frozen=True):
    """A list of people; posts of those of an `exclusive` one do not stand in the home timeline."""

    id: str
    title: str = ""
    exclusive: bool = False


def convert(raw: Any, kind: type[T]) -> T:
    """Check JSON. Raises `msgspec.ValidationError`."""
    return msgspec.convert(_without_nulls(raw), kind, strict=False)


def _without_nulls(raw: Any, depth: int = 0) -> Any:
    """The same JSON without null, and without what lies too deep to be anything."""
    if depth >= MAX_DEPTH:
        return None
    if isinstance(raw, dict):
        inside = ((name, _without_nulls(value, depth + 1)) for name, value in raw.items())
        return {name: value for name, value in inside if value is not None}
    if isinstance(raw, list):
        return [value for item in raw if (value := _without_nulls(item, depth + 1)) is not None]
    return raw
