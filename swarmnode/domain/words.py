"""What the owner wants to say, before it is a message on some network."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes into a message or comes out of one."""

    name: str
    media_type: str
    data: bytes = field(repr=False)
    description: str = field(default="", repr=False)
    """What a picture shows."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words and files for a conversation, whichever network it is on."""

    text: str = field(repr=False)
    reply_to: str = ""
    """A message of the same conversation, by its id on screens."""
    attachments: tuple[File, ...] = ()
    expire_s: int | None = None
    """So many seconds after it was read it disappears; None: as the conversation has it."""
