"""The ledger of consent as its owner sees and keeps it: what people said about their words (ADR 0034)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...domain.consent import ConsentView, Scope
from ...domain.ids import number_of
from ...errors import Conflict, NotFound, UsageError
from ...services import book
from ...services.node import Node
from ...services.step import Step
from ...storage.book_shelves import PERSONS
from ...storage.bridge_shelves import ACCOUNTS, ACTORS, CONSENTS, ROOMS, Consent
from ...storage.shelves import CONVERSATIONS
from . import consent, forwarding, inbox, people, rooms
from .consent import Account
from .packed import mapping


def listed(step: Step) -> list[ConsentView]:
    """All that people said, the latest first."""
    return [_view(step, said) for said in reversed(CONSENTS.all(step.tx))]


def put(
    step: Step,
    node: Node,
    *,
    person: str = "",
    message: str = "",
    entry: str = "",
    chat: str = "",
    scope: Scope,
    allowed: bool,
    own_word: bool = False,
) -> list[ConsentView]:
    """Write down what a person, the author of a message, or whoever an entry is of, said.

    Gives what the ledger says of them now. `chat` is the conversation whose words it is about, all if empty.
    `own_word`: they know that they said no before, and take it back.

    Raises:
        NotFound: there is no such person, message, entry or conversation.
        Conflict: they said no, and nobody says that they take it back.
        UsageError: the words are the owner's.
    """
    if person:
        whom = _of_person(step, person)
    else:
        whom = [_of_entry(step, entry) if entry else _author(step, node, message)]
    at = forwarding.place_of(step, chat) if chat else ""
    if allowed and not own_word and any(consent.refused(step, who, scope, at) for who in whom):
        raise Conflict(
            "they have said no, which stands until they themselves say otherwise",
            hint="If they have told you so: `--they-said-so`.",
        )
    for who in whom:
        consent.record(step, who, scope, at=at, allowed=allowed, own_word=own_word)
    ids = {account for who in whom for account in consent.accounts_of(step, who)}
    return [
        _view(step, said) for said in reversed(CONSENTS.all(step.tx)) if (said.package, said.remote_id) in ids
    ]


def _of_person(step: Step, person: str) -> Sequence[Account]:
    accounts = book.accounts_of(step, book.find(step, person).id)
    return [(account.network, account.remote_id) for account in accounts]


def _of_entry(step: Step, entry: str) -> Account:
    """Whoever said something before, also where they are in no address book."""
    row = CONSENTS.get(step.tx, number_of(entry))
    if row is None:
        raise NotFound("there is no such entry")
    return row.package, row.remote_id


def _author(step: Step, node: Node, message: str) -> Account:
    source = forwarding.whose(step, inbox.message(step, node, message))
    if source is None:
        raise UsageError("your own words need nobody's leave")
    return source.package, source.author


def _view(step: Step, said: Consent) -> ConsentView:
    person = book.of_account(step, said.package, said.remote_id)
    chat, title, translations = _chat(step, said.place)
    return ConsentView(
        id=str(said.id),
        name=_name(step, said, person),
        network=said.package,
        remote_id=said.remote_id,
        scope=said.scope,
        allowed=said.allowed,
        own_word=said.own_word,
        at=said.at,
        person=person,
        chat=chat,
        chat_title=title,
        chat_title_translations=translations,
    )


def _name(step: Step, said: Consent, person: str) -> str:
    if person:
        row = PERSONS.get(step.tx, book.find(step, person).id)
        return "" if row is None else row.name
    for account in ACCOUNTS.all(step.tx, package=said.package):
        actor = ACTORS.one(step.tx, account_id=account.id, remote_id=said.remote_id)
        if actor is not None:
            return people.label(actor)
    return said.remote_id


def _chat(step: Step, place: str) -> tuple[str, str, Mapping[str, str]]:
    """The conversation of a place, its title and that in other languages; nothing where it is gone."""
    package, _, remote_id = place.partition(" ")
    for account in ACCOUNTS.all(step.tx, package=package) if package else []:
        for room in ROOMS.all(step.tx, account_id=account.id, remote_id=remote_id):
            return rooms.chat_id(room.id), room.title, mapping(room.titles)
    if place and not package:
        for row in CONVERSATIONS.all(step.tx, conv_id=bytes.fromhex(remote_id)):
            return str(row.id), "", {}
    return "", "", {}
