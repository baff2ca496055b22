"""An address book of 10,000 people with 30,000 accounts, and suggestions of who may be one."""

from __future__ import annotations

from swarmnode.bridging.core import accounts
from swarmnode.domain.book import Reason
from swarmnode.services import book, book_suggestions
from swarmnode.services.step import Step
from swarmnode.storage.bridge_shelves import ACTORS, REMOTE_MESSAGES, ROOMS

PEOPLE = 10_000
NETWORKS = ("demo", "mail", "xmpp")


def fill(step: Step) -> None:
    """Each person is on three networks; with every tenth one the owner talks on one of them."""
    (owner,) = (accounts.find(step, account.account) for account in accounts.all_of(step))
    for number in range(PEOPLE):
        name = f"{number * 7919 % PEOPLE:05} Person"
        first = book.enter(step, "demo", f"u{number}", name, handle=f"u{number}@demo.example")
        for network in NETWORKS[1:]:
            book.enter(step, network, f"u{number}@{network}.example", name, person=first.person_id)
        ACTORS.add(step.tx, account_id=owner.id, remote_id=f"u{number}", name=name)
        if number % 10 == 0:
            room = ROOMS.add(
                step.tx,
                account_id=owner.id,
                remote_id=f"d{number}",
                private=False,
                partner=f"u{number}",
                last_at=number,
            )
            for place in range(3):
                REMOTE_MESSAGES.add(
                    step.tx,
                    conversation_id=room,
                    remote_id=f"n{place}",
                    mine=False,
                    place=f"{place}",
                    rank=0,
                    wall_s=number + place,
                    stored_at=number,
                    state="received",
                    unread=place == 2,
                )


def note_suggestions(step: Step) -> None:
    """Of 1,000 pairs something says that they may be one."""
    for number in range(0, 2_000, 2):
        one, other = (book.account(step, "demo", f"u{n}") for n in (number, number + 1))
        assert one is not None
        assert other is not None
        book_suggestions.suggest(step, one, other, Reason.SUGGESTED, "card")
