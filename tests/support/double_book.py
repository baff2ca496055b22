"""The address book of the test double of a node: one person, and a note of what was asked."""

# ruff: noqa: ARG002  # it notes what matters

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from swarmnode.api.node import Words
from swarmnode.domain.book import (
    ChangeView,
    ImportedView,
    ImportView,
    LinkView,
    MovedView,
    PersonView,
    Reason,
    SuggestionView,
    WayView,
)
from swarmnode.domain.views import ContactView, InviteView, MessageState, MessageView, Page
from swarmnode.errors import NotFound

LINKS = (
    LinkView("1", "", "ee" * 32, "Berta", "", Reason.KNOWN, "", 1_800_000_000, contact="9"),
    LinkView("2", "pigeon", "loft-7", "berta", "berta@loft", Reason.SAID, "owner", 1_800_000_000),
)
WAYS = (
    WayView("dd", "1", "", "", "e2e", usable=True),
    WayView("b7", "2", "pigeon", "ac" * 8, "operator_reads", usable=False, why="paused"),
)
BERTA = PersonView("p1", "Berta", named=True, links=LINKS, unread=2, last_at=1_800_000_000, ways=WAYS)
CHANGE = ChangeView(
    "4",
    "merge",
    "owner",
    1_800_000_000,
    undone=False,
    moved=(MovedView("2", "pigeon", "berta@loft", "p2", "p1"),),
    people=("p1", "p2"),
)


class DoubleBook:
    """Part of `double_node.DoubleNode`. Nobody is in the book where there is no contact."""

    people: dict[str, ContactView]

    def _note(self, name: str, *arguments: object, always: bool = False) -> None:
        raise NotImplementedError

    def hear(self, chat: str, text: str, *, mine: bool = False) -> MessageView:
        raise NotImplementedError

    async def names(self) -> tuple[tuple[str, str], ...]:
        self._note("names")
        return ((BERTA.id, BERTA.name),) if self.people else ()

    async def persons(self, *, after: str = "", limit: int = 50) -> tuple[tuple[PersonView, ...], str]:
        self._note("persons", after, limit)
        return ((BERTA,), "") if not after else ((), "")

    async def person(self, person: str) -> PersonView:
        self._note("person", person)
        if person != BERTA.id:
            raise NotFound("There is no such person.")
        return BERTA

    async def change_person(self, person: str, *, name: str | None, preferred: str | None) -> PersonView:
        self._note("change_person", person, name, preferred)
        return BERTA

    async def forget_person(self, person: str) -> None:
        self._note("forget_person", person)

    async def private(self, person: str, via: str) -> InviteView:
        self._note("private", person, via)
        if person != BERTA.id:
            raise NotFound("There is no such person.")
        return InviteView("5", "conversation", "created", "inviter", 1_800_604_800)

    async def carry(self, person: str, via: str, *, on: bool) -> PersonView:
        self._note("carry", person, via, on)
        return BERTA

    async def talk_with(self, person: str, *, before: str = "", after: str = "", limit: int = 50) -> Page:
        self._note("talk_with", person, before, after, limit)
        said = MessageView("aa", "b7", "a1", "Berta", mine=False, kind="text", text="coo", wall_s=1,
                           state=MessageState.RECEIVED, network="pigeon")  # fmt: skip
        return Page((said,), "b7:0", "b7:1")

    async def say_to(
        self, person: str, what: Words, *, via: str = "", send_at: int = 0, key: str
    ) -> MessageView:
        self._note("say_to", person, what.text, via)
        return self.hear("dd", what.text, mine=True)

    async def mark_talk_read(self, person: str, up_to: str) -> PersonView:
        self._note("mark_talk_read", person, up_to)
        return BERTA

    async def merge(self, into: str, other: str) -> ChangeView:
        self._note("merge", into, other)
        return CHANGE

    async def split(self, person: str, links: Sequence[str]) -> ChangeView:
        self._note("split", person, tuple(links))
        return CHANGE

    async def changes(
        self, *, person: str = "", before: str = "", limit: int = 50
    ) -> tuple[tuple[ChangeView, ...], str]:
        self._note("changes", person, before, limit)
        return (CHANGE,), ""

    async def undo(self, change: str) -> ChangeView:
        self._note("undo", change)
        return CHANGE

    async def suggestions(
        self, *, after: str = "", limit: int = 50
    ) -> tuple[tuple[SuggestionView, ...], str]:
        self._note("suggestions", after, limit)
        return (SuggestionView("3", BERTA, BERTA, Reason.SUGGESTED, "same-address", 1),), ""

    async def accept_suggestion(self, suggestion: str) -> ChangeView:
        self._note("accept_suggestion", suggestion)
        return CHANGE

    async def refuse_suggestion(self, suggestion: str) -> None:
        self._note("refuse_suggestion", suggestion)

    async def import_cards(self, data: bytes, *, dry_run: bool) -> ImportView:
        self._note("import_cards", data, dry_run)
        items: tuple[Any, ...] = (
            ImportedView("Berta", "suggested", ("berta@loft",), ("p1",), line=1),
            ImportedView("", "skipped", why="version", line=9),
        )
        return ImportView(dry_run, 0, 0, 1, 1, items)

    async def import_contacts(self, account: str, *, dry_run: bool) -> ImportView:
        self._note("import_contacts", account, dry_run)
        return ImportView(dry_run, 1, 0, 0, 0, (ImportedView("Coo", "new", ("coo@loft",)),))
