"""The address book: who is who, on all networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...domain.book import ChangeView, ImportView, PersonView, SuggestionView
from ...domain.views import InviteView, MessageView, Page
from ...domain.words import Words


class Book(Protocol):
    """What is asked of a node about people."""

    async def names(self) -> tuple[tuple[str, str], ...]:
        """All people by name: ids and names."""
        ...

    async def persons(self, *, after: str = "", limit: int = 50) -> tuple[tuple[PersonView, ...], str]:
        """People by name, from the first one or behind another (by id); and where it goes on."""
        ...

    async def person(self, person: str) -> PersonView:
        """One person, with the ways to reach them."""
        ...

    async def change_person(self, person: str, *, name: str | None, preferred: str | None) -> PersonView:
        """Call a person something else, here; write to them on one of their accounts. Empty takes it back."""
        ...

    async def private(self, person: str, via: str) -> InviteView:
        """Ask somebody, in a conversation on another network, to talk privately; or agree, where they asked.

        Conflict where they are a contact; NotReady where no such conversation carries private messages.
        """
        ...

    async def carry(self, person: str, via: str, *, on: bool) -> PersonView:
        """Let a conversation on another network carry what is said to a contact in private, or not."""
        ...

    async def forget_person(self, person: str) -> None:
        """Forget what was imported of a person. Conflict if they are here by other ways alone."""
        ...

    async def talk_with(self, person: str, *, before: str = "", after: str = "", limit: int = 50) -> Page:
        """Messages with a person, from all networks, in one order: the last ones, or those at a cursor."""
        ...

    async def say_to(
        self, person: str, what: Words, *, via: str = "", send_at: int = 0, key: str
    ) -> MessageView:
        """Say something to a person: `via` a conversation, account or network, or as the rule says.

        Where there is no conversation yet, one is opened if an account of the owner's can.
        ChooseWay: that would be less private than where the two last talked. As `send` else.
        """
        ...

    async def mark_talk_read(self, person: str, up_to: str) -> PersonView:
        """Mark as read what stands before this cursor, or everything."""
        ...

    async def merge(self, into: str, other: str) -> ChangeView:
        """Two people are one. Conflict if they are already."""
        ...

    async def split(self, person: str, links: Sequence[str]) -> ChangeView:
        """These accounts of a person are somebody else's."""
        ...

    async def changes(
        self, *, person: str = "", before: str = "", limit: int = 50
    ) -> tuple[tuple[ChangeView, ...], str]:
        """Merges and splits, of one person or all, the last one first; and a cursor for earlier ones."""
        ...

    async def undo(self, change: str) -> ChangeView:
        """Make a change undone, or (`last`) the last one. Conflict if a later one has touched its people."""
        ...

    async def suggestions(
        self, *, after: str = "", limit: int = 50
    ) -> tuple[tuple[SuggestionView, ...], str]:
        """Who may be one person; and where it goes on."""
        ...

    async def accept_suggestion(self, suggestion: str) -> ChangeView:
        """They are one."""
        ...

    async def refuse_suggestion(self, suggestion: str) -> None:
        """They are not, for good."""
        ...

    async def import_cards(self, data: bytes, *, dry_run: bool) -> ImportView:
        """Take an address book in (vCard 3.0 or 4.0); or say what that would do."""
        ...

    async def import_contacts(self, account: str, *, dry_run: bool) -> ImportView:
        """Take in the contact list of an account's network; or say what that would do."""
        ...
