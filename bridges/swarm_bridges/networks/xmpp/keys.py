"""What opens and locks messages, and what stands there where nothing does.

Keys change with each message. So messages are opened and locked in a turn, whose `changes` are stored with
what was opened, or before what was locked leaves; a turn that ends with an error has changed nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from xml.etree.ElementTree import Element

from ...api import ConversationRef, Event, Gone, Matter, NotSupported, Step
from .heard import Heard

OMEMO = "omemo"
"""As in `api.Capabilities.protect`, and in `api.MessageSeen.foreign_crypto`."""


class Turn(Protocol):
    """One at a time has it."""

    async def opened(self, heard: Heard) -> Heard:
        """The message with its text, if it was locked for us; otherwise as it was. Raises Interrupted."""
        ...

    async def locked(self, where: ConversationRef, readers: Collection[str], text: str) -> list[Element]:
        """What is in a stanza with this text for these people. Raises Refused where none can read it."""
        ...

    @property
    def changes(self) -> Mapping[str, bytes | None]:
        """What is to be stored (`api.KeyValues`)."""
        ...

    @property
    def news(self) -> Sequence[Event]:
        """What is to be told with that, behind what was opened: who can read now, for example."""
        ...

    async def stored(self) -> None:
        """The changes are stored: what follows from them may leave."""
        ...


class Keys(Protocol):
    """Those of an account."""

    on: bool
    first: bool
    """Whether the owner wants to write so before others do."""

    def turn(self) -> AbstractAsyncContextManager[Turn]:
        """Open and lock as long as the block lasts."""
        ...

    async def begin(self) -> None:
        """There is a session: tell others how to write to us."""
        ...

    async def caught_up(self) -> None:
        """What was said meanwhile is told."""
        ...

    async def devices(self, who: str, told: Element) -> None:
        """Somebody has published which devices they have."""
        ...

    def is_for_us(self, stanza: Element) -> bool:
        """Whether it was locked for us: then it is opened when it is its turn, and not in passing."""
        ...

    async def wanted(self, where: ConversationRef) -> bool:
        """Whether the last that was said there was locked, and so what follows is to be."""
        ...

    async def reaches(self, readers: Collection[str]) -> bool:
        """Whether one of these has a device that could read it. Raises Temporary: nobody knows yet."""
        ...

    @property
    def matters(self) -> Sequence[Matter]:
        """What there is to settle with the owner."""
        ...

    async def settle(self, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """See `api.Settles`."""
        ...

    async def dismiss(self, matter: str) -> None:
        """See `api.Settles`."""
        ...


class NoKeys:
    """`Keys` that lock nothing; and its own turn."""

    on = first = False
    changes: Mapping[str, bytes | None] = {}
    news: Sequence[Event] = ()
    matters: Sequence[Matter] = ()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """See `Keys`."""
        yield self

    async def opened(self, heard: Heard) -> Heard:
        """See `Turn`."""
        return heard

    async def locked(self, where: ConversationRef, readers: Collection[str], text: str) -> list[Element]:
        """See `Turn`."""
        raise NotSupported("this account does not use OMEMO")

    async def stored(self) -> None:
        """See `Turn`."""

    async def begin(self) -> None:
        """See `Keys`."""

    async def caught_up(self) -> None:
        """See `Keys`."""

    async def devices(self, who: str, told: Element) -> None:
        """See `Keys`."""

    def is_for_us(self, stanza: Element) -> bool:
        """See `Keys`: nothing is."""
        return False

    async def wanted(self, where: ConversationRef) -> bool:
        """See `Keys`."""
        return False

    async def reaches(self, readers: Collection[str]) -> bool:
        """See `Keys`."""
        return False

    async def settle(self, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """See `Keys`."""
        raise Gone("this is settled")

    async def dismiss(self, matter: str) -> None:
        """See `Keys`."""
