"""Routes about the address book: people, their accounts, what was changed, what may be one."""

from __future__ import annotations

import secrets
from typing import Annotated

from msgspec import Meta

from ..domain.book import ChangeView, ImportView, PersonView, SuggestionView
from ..domain.views import Items, MessageView, Page
from .about_talk import LARGE, Limit, NewMessage, words_of
from .about_waiting import moment
from .access import Scope
from .problems import BadRequest
from .route import Body, Call, Query, Route

Id = Annotated[str, Meta(min_length=1, max_length=64)]
CARDS = 8 * 1024 * 1024


class PersonChange(Body, frozen=True, kw_only=True):
    """Another name, here; the id of the account on which to write to them. An empty one takes it back."""

    name: Annotated[str, Meta(max_length=64)] | None = None
    preferred: Annotated[str, Meta(max_length=64)] | None = None


class Merging(Body, frozen=True, kw_only=True):
    """The person who is the same as this one."""

    other: Id


class Splitting(Body, frozen=True, kw_only=True):
    """Ids of the accounts that are somebody else's."""

    links: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=64)]


class NewWords(NewMessage, frozen=True, kw_only=True):
    """Something to say to a person. `via`: a conversation, a network or `node`; else the rule finds a way."""

    via: Annotated[str, Meta(max_length=100)] = ""


class SeenUpTo(Body, frozen=True, kw_only=True):
    """The cursor behind what was seen (`next` of a page); an empty one means everything."""

    up_to: Annotated[str, Meta(max_length=16_384)] = ""


class Importing(Body, frozen=True, kw_only=True):
    """An address book: a file in vCard 3.0 or 4.0, in base64; or an `account` whose network has one."""

    cards: Annotated[bytes, Meta(max_length=CARDS)] = b""
    account: Annotated[str, Meta(max_length=100)] = ""
    dry_run: bool = False


class Behind(Query, frozen=True, kw_only=True):
    """Where to go on; nothing gives the first ones."""

    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Limit = 50


class Stroll(Query, frozen=True, kw_only=True):
    """Which messages: at most one of the two; none gives the last ones."""

    before: Annotated[str, Meta(max_length=16_384)] = ""
    after: Annotated[str, Meta(max_length=16_384)] = ""
    limit: Limit = 50


class Record(Query, frozen=True, kw_only=True):
    """Changes of one `person`, or all; `before` is where to go on."""

    person: Annotated[str, Meta(max_length=64)] = ""
    before: Annotated[str, Meta(max_length=64)] = ""
    limit: Limit = 50


async def people(call: Call, query: Behind) -> Items[PersonView]:
    """List people."""
    found, following = await call.node.persons(after=query.after, limit=query.limit)
    return Items(found, next=following)


async def person(call: Call) -> PersonView:
    """Give a person."""
    return await call.node.person(call.params["person"])


async def change_person(call: Call, body: PersonChange) -> PersonView:
    """Change a person."""
    return await call.node.change_person(call.params["person"], name=body.name, preferred=body.preferred)


async def forget_person(call: Call) -> None:
    """Forget what was imported."""
    await call.node.forget_person(call.params["person"])


async def talk_with(call: Call, query: Stroll) -> Page:
    """Give messages."""
    if query.before and query.after:
        raise BadRequest("Only one of before and after.", where="query")
    return await call.node.talk_with(
        call.params["person"], before=query.before, after=query.after, limit=query.limit
    )


async def say_to(call: Call, body: NewWords) -> MessageView:
    """Say something."""
    return await call.node.say_to(
        call.params["person"],
        words_of(body),
        via=body.via,
        send_at=moment(body.send_at, body.send_in_s),
        key=f"{call.access.device}:{call.key or secrets.token_hex(16)}",
    )


async def mark_talk_read(call: Call, body: SeenUpTo) -> PersonView:
    """Mark as read."""
    return await call.node.mark_talk_read(call.params["person"], body.up_to)


async def merge(call: Call, body: Merging) -> ChangeView:
    """Make two people one."""
    return await call.node.merge(call.params["person"], body.other)


async def split(call: Call, body: Splitting) -> ChangeView:
    """Take accounts out."""
    return await call.node.split(call.params["person"], body.links)


async def changes(call: Call, query: Record) -> Items[ChangeView]:
    """List changes."""
    found, following = await call.node.changes(person=query.person, before=query.before, limit=query.limit)
    return Items(found, next=following)


async def undo(call: Call) -> ChangeView:
    """Undo a change."""
    return await call.node.undo(call.params["change"])


async def suggestions(call: Call, query: Behind) -> Items[SuggestionView]:
    """List suggestions."""
    found, following = await call.node.suggestions(after=query.after, limit=query.limit)
    return Items(found, next=following)


async def accept_suggestion(call: Call) -> ChangeView:
    """Accept."""
    return await call.node.accept_suggestion(call.params["suggestion"])


async def refuse_suggestion(call: Call) -> None:
    """Refuse."""
    await call.node.refuse_suggestion(call.params["suggestion"])


async def import_people(call: Call, body: Importing) -> ImportView:
    """Import."""
    if bool(body.cards) == bool(body.account):
        raise BadRequest("A file or an account.", where="body")
    if body.account:
        return await call.node.import_contacts(body.account, dry_run=body.dry_run)
    return await call.node.import_cards(body.cards, dry_run=body.dry_run)


ROUTES = (
    Route("GET", "/people", people, Scope.READ, "People by name"),
    Route("GET", "/people/changes", changes, Scope.READ, "Merges and splits, the last one first"),
    Route("POST", "/people/changes/{change}/undo", undo, Scope.WRITE, "Undo a change, or the `last`"),
    Route("GET", "/people/suggestions", suggestions, Scope.READ, "Who may be one person, and why"),
    Route("POST", "/people/suggestions/{suggestion}/accept", accept_suggestion, Scope.WRITE, "They are one"),
    Route(
        "POST", "/people/suggestions/{suggestion}/refuse", refuse_suggestion, Scope.WRITE, "They never are"
    ),
    Route(
        "POST",
        "/people/import",
        import_people,
        Scope.WRITE,
        "Take an address book in, or say what that would do",
        limit=LARGE,
    ),
    Route("GET", "/people/{person}", person, Scope.READ, "One person, and the ways to reach them"),
    Route("PATCH", "/people/{person}", change_person, Scope.WRITE, "A name, or where to write to them"),
    Route("DELETE", "/people/{person}", forget_person, Scope.WRITE, "Forget what was imported of them"),
    Route("GET", "/people/{person}/messages", talk_with, Scope.READ, "Messages from all their networks"),
    Route(
        "POST", "/people/{person}/messages", say_to, Scope.WRITE, "Say something, the best way", limit=LARGE
    ),
    Route("POST", "/people/{person}/read", mark_talk_read, Scope.WRITE, "Mark as read up to a cursor"),
    Route("POST", "/people/{person}/merge", merge, Scope.WRITE, "They and another one are one"),
    Route("POST", "/people/{person}/split", split, Scope.WRITE, "Some of their accounts are another's"),
)
