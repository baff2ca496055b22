"""What a person wants of the address book, turned into steps of the runner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from swarm_bridges import api

from ..api.node import Words
from ..bridging.core import accounts, persons, together
from ..bridging.core import people as actors
from ..domain.book import ChangeView, ImportedView, ImportView, PersonView, SuggestionView
from ..domain.views import MessageView, Page
from ..services import book, book_changes, book_suggestions
from ..services.node import Node
from ..services.step import Step
from .for_people import for_people
from .talk import Talk

AT_ONCE = 200
"""Entries of an address book that are taken in by one transaction: others have a turn between two."""


class AddressBook(Talk):
    """The part of `api.node.Node` that is about people, whichever networks they are on."""

    async def names(self) -> tuple[tuple[str, str], ...]:
        """See `api.node.Node`."""
        return tuple(await self._look(lambda step, _: persons.names(step)))

    async def persons(self, *, after: str = "", limit: int = 50) -> tuple[tuple[PersonView, ...], str]:
        """See `api.node.Node`."""
        found, following = await self._look(lambda step, _: persons.listed(step, after=after, limit=limit))
        return tuple(found), following

    async def person(self, person: str) -> PersonView:
        """See `api.node.Node`."""
        return await self._look(lambda step, _: persons.person(step, person))

    async def change_person(self, person: str, *, name: str | None, preferred: str | None) -> PersonView:
        """See `api.node.Node`."""

        def change(step: Step, _: Node) -> PersonView:
            if name is not None:
                book.rename(step, person, name)
            if preferred is not None:
                book.prefer(step, person, preferred)
            return persons.person(step, person)

        return await self._do(change)

    async def forget_person(self, person: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, _: book.forget_imported(step, person))

    # Talk

    async def talk_with(self, person: str, *, before: str = "", after: str = "", limit: int = 50) -> Page:
        """See `api.node.Node`."""

        def look(step: Step, node: Node) -> Page:
            return together.page(step, node, person, before=before, after=after, limit=limit)

        return await self._look(look)

    async def say_to(
        self, person: str, what: Words, *, via: str = "", send_at: int = 0, key: str
    ) -> MessageView:
        """See `api.node.Node`."""
        opened = await self._look(lambda step, _: together.to_open(step, person, via))
        if opened is not None:
            await self.open_chat(*opened)
        files = [(file.media_type, len(file.data)) for file in what.attachments]

        def where(step: Step) -> str:
            return together.choose_chat(step, person, via=via, reply_to=what.reply_to, files=files)

        return await self._say(where, f"{person} {via}", what, send_at=send_at, key=key)

    async def mark_talk_read(self, person: str, up_to: str) -> PersonView:
        """See `api.node.Node`."""
        while await self._do(lambda step, node: together.mark_read(step, node, person, up_to)):
            pass  # thousands are marked in portions, so that others have a turn
        return await self.person(person)

    # Merges and splits

    async def merge(self, into: str, other: str) -> ChangeView:
        """See `api.node.Node`."""
        return await self._do(lambda step, _: book_changes.view(step, book_changes.merge(step, into, other)))

    async def split(self, person: str, links: Sequence[str]) -> ChangeView:
        """See `api.node.Node`."""
        return await self._do(
            lambda step, _: book_changes.view(step, book_changes.split(step, person, links))
        )

    async def changes(
        self, *, person: str = "", before: str = "", limit: int = 50
    ) -> tuple[tuple[ChangeView, ...], str]:
        """See `api.node.Node`."""
        found, following = await self._look(
            lambda step, _: book_changes.changes(step, person=person, before=before, limit=limit)
        )
        return tuple(found), following

    async def undo(self, change: str) -> ChangeView:
        """See `api.node.Node`."""

        def make_undone(step: Step, _: Node) -> ChangeView:
            return book_changes.undo(step, book_changes.latest(step) if change == "last" else change)

        return await self._do(make_undone)

    # Suggestions

    async def suggestions(
        self, *, after: str = "", limit: int = 50
    ) -> tuple[tuple[SuggestionView, ...], str]:
        """See `api.node.Node`."""
        found, following = await self._look(
            lambda step, _: persons.suggestions(step, after=after, limit=limit)
        )
        return tuple(found), following

    async def accept_suggestion(self, suggestion: str) -> ChangeView:
        """See `api.node.Node`."""
        return await self._do(lambda step, _: book_changes.view(step, book_changes.accept(step, suggestion)))

    async def refuse_suggestion(self, suggestion: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, _: book_suggestions.refuse(step, suggestion))

    # Address books from elsewhere

    async def import_cards(self, data: bytes, *, dry_run: bool) -> ImportView:
        """See `api.node.Node`."""
        from ..services import book_import, vcard  # noqa: PLC0415 - only imports need them, here and below

        entries = await asyncio.to_thread(lambda: list(vcard.read(data)))
        return await self._import(
            len(entries),
            lambda step, some: book_import.cards(step, entries[some]),
            dry_run=dry_run,
        )

    async def import_contacts(self, account: str, *, dry_run: bool) -> ImportView:
        """See `api.node.Node`."""
        from ..services import book_import  # noqa: PLC0415

        known = await self._look(lambda step, _: accounts.get(step, account))
        supervisor = (await self.hosted.get()).supervisor
        with for_people():
            told: tuple[api.ActorSeen, ...] = await supervisor.caller(known.account).call(
                known.account, "contacts"
            )
        found = [event for event in told if not event.actor.is_owner]

        def take(step: Step, some: slice) -> Iterator[ImportedView]:
            row = accounts.find(step, account)
            for event in found[some]:
                actors.seen(step, row.id, event)
            listed = ((e.actor.remote_id, e.name, e.handle) for e in found[some])
            return book_import.contact_list(step, row.package, listed)

        return await self._import(len(found), take, dry_run=dry_run)

    async def _import(
        self, count: int, take: Callable[[Step, slice], Iterator[ImportedView]], *, dry_run: bool
    ) -> ImportView:
        """Take entries in, in portions; or all of them in one transaction that is then taken back."""
        from ..services import book_import  # noqa: PLC0415

        if dry_run:
            return await self._do(lambda step, _: book_import.tried(step, lambda: take(step, slice(None))))
        items = list[ImportedView]()
        for at in range(0, count, AT_ONCE):
            portion = slice(at, at + AT_ONCE)
            items += await self._do(lambda step, _, some=portion: list(take(step, some)))  # type: ignore[misc]
        return book_import.summary(items, dry_run=False)
