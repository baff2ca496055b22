"""Two people on some network come to talk privately over it: what is the same whichever network it is.

Each has a node of their own and an account; there is no relay anywhere. Names are networks' own business, so
everybody is found by the conversation that they are in.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from e2e_networks import add
from e2e_world import Home, contents, eventually

from swarmnode.domain.book import PersonView
from swarmnode.domain.bridge_views import AccountView
from swarmnode.domain.proofs import ProofView
from swarmnode.domain.views import ChatView, ContactView, Items, MessageView, SafetyView

T = TypeVar("T")

CLEAR = "hello in the clear"
CANARIES = ("the canary sings", "the canary sang", "\N{HATCHING CHICK}", "a canary's portrait")
PICTURE = b"\x89PNG" + CANARIES[3].encode() * 10_000
assert len(PICTURE) < 200_000


@dataclass
class Two:
    """Anna and Ben at their command lines; `looks` has a network asked often that is asked now and then."""

    network: str
    anna: Home
    ben: Home
    accounts: dict[int, str] = field(default_factory=dict)
    chats: dict[int, str] = field(default_factory=dict)
    """Where the two talk on the network, as each node has it."""
    looks: bool = False

    def soon(self, look: Callable[[], T]) -> T:
        """Wait for something; the two nodes and their network have a turn before it is there."""
        last = time.monotonic()

        def looked() -> T:
            nonlocal last
            if self.looks and time.monotonic() > last + 0.5:
                for home in (self.anna, self.ben):
                    where = f"/accounts/{self.accounts[id(home)]}/resume"
                    home.client.call("POST", where, {}, AccountView)
                last = time.monotonic()
            return look()

        return eventually(looked, within_s=120)

    def add(self, answers: Sequence[Mapping[str, str]]) -> None:
        """Each adds an account."""
        for home, given in zip((self.anna, self.ben), answers, strict=True):
            self.accounts[id(home)] = add(home, self.network, given, "--at-home")

    def begin(self, address: str, title: str) -> None:
        """Anna opens the conversation, and both say something in it.

        `address` is Ben's, `title` what Ben's node calls the conversation.
        """
        self.open(address)
        self.hello(self.soon(lambda: self.find(self.ben, title)))

    def open(self, address: str) -> None:
        """Anna says something in a conversation with an account, which may be new."""
        here = self.anna.json("bridge", "open", self.accounts[id(self.anna)], address)["id"]
        self.chats[id(self.anna)] = here
        self.anna.json("send", here, CLEAR, "--wait")

    def find(self, home: Home, title: str) -> str:
        """The conversation with this title, or with any; empty where there is none."""
        chats = home.client.get("/chats", Items[ChatView]).items
        return next((c.id for c in chats if c.network == self.network and title in {"", c.title}), "")

    def hello(self, there: str) -> None:
        """Ben, too, says something, when he has heard Anna."""
        self.chats[id(self.ben)] = there
        self.soon(lambda: CLEAR in self.ben.heard(there))
        self.ben.json("send", there, "hello, Anna", "--wait")
        self.soon(lambda: "hello, Anna" in self.anna.heard(self.chats[id(self.anna)]))

    def other(self, home: Home) -> PersonView:
        """The other one, as a node has them."""
        for one in home.client.get("/people", Items[PersonView]).items:
            person = home.client.get(f"/people/{one.id}", PersonView)
            if self.chats[id(home)] in [way.chat for way in person.ways]:
                return person
        raise AssertionError("nobody is in that conversation")

    def contact(self, home: Home) -> ContactView | None:
        """The other one as a contact; each has one at most."""
        return next(iter(home.client.get("/contacts", Items[ContactView]).items), None)

    def alerts(self, home: Home) -> tuple[str, ...]:
        """What a node says of the other one's keys."""
        found = self.contact(home)
        return () if found is None else found.alerts

    def private(self, home: Home) -> str:
        """The conversation of the nodes."""
        found = self.contact(home)
        assert found is not None
        return found.chat

    def proofs(self, home: Home) -> list[ProofView]:
        """What the other one says is theirs, and what was seen of it."""
        return list(self.other(home).proofs)

    def agree(self) -> None:
        """Anna asks, Ben agrees; from then on their nodes know each other."""
        offered = self.anna.json("people", "private", self.other(self.anna).id)
        assert (offered["kind"], offered["role"], offered["state"]) == ("conversation", "inviter", "created")

        def is_(home: Home, standing: str) -> bool:
            found = self.contact(home)
            return found is not None and found.standing == standing

        self.soon(lambda: is_(self.ben, "request"))
        asked = self.contact(self.ben)
        assert asked is not None
        self.ben.json("contacts", "accept", asked.name)
        for home in (self.anna, self.ben):
            self.soon(lambda home=home: is_(home, "confirmed"))  # type: ignore[misc]
        shown = " ".join(self.anna("people", "show", self.other(self.anna).id).stdout.split())
        for words in ("you met over", "it carries what is private", "a network carries it"):
            assert words in shown, shown

    def sent(self, home: Home, text: str, *more: str) -> str:
        """Say something privately; its id, when the other node has confirmed it."""
        said = str(home.json("send", self.private(home), text, *more)["id"])
        self.soon(lambda: self.message(home, said).state.value == "delivered")
        return said

    def message(self, home: Home, said: str) -> MessageView:
        """A message of the private conversation."""
        return next(m for m in home.messages(self.private(home)) if m.id == said)

    def talk(self) -> None:
        """A text, an edit and reactions."""
        anna, ben = self.anna, self.ben
        said = self.sent(anna, CANARIES[0])
        there = self.private(ben)
        assert ben.heard(there) == [CANARIES[0]]
        anna.json("edit", said, CANARIES[1])
        self.soon(lambda: ben.heard(there) == [CANARIES[1]])
        ben.json("react", said, CANARIES[2])
        self.soon(lambda: len(self.message(anna, said).reactions) == 1)
        anna.json("react", said, CANARIES[2])
        self.soon(lambda: len(self.message(ben, said).reactions) == 2)
        words = [
            home.client.get(f"/contacts/{found.id}/safety", SafetyView)
            for home in (anna, ben)
            if (found := self.contact(home)) is not None
        ]
        assert words[0] == words[1]

    def pass_a_picture(self, folder: Path) -> None:
        """One of 190 kB arrives whole."""
        (folder / "portrait.png").write_bytes(PICTURE)
        self.sent(self.anna, "look", "--file", str(folder / "portrait.png"))
        there = self.private(self.ben)
        got = self.soon(lambda: [m.id for m in self.ben.messages(there) if m.attachments])
        self.ben.json("save", got[0], "0", str(folder / "saved"))
        assert (folder / "saved").read_bytes() == PICTURE


def is_sealed(places: Iterable[Path], sign: bytes) -> None:
    """What a server stored has the words that were in the clear, and `sign`, and no canary in any form.

    Base64 is looked for as it begins at each of the three places, with and without ends of lines in between.
    """
    stored = b"\n".join(data for _, data in contents(*places))
    stored += b"\n" + stored.replace(b"\r", b"").replace(b"\n", b"")
    assert CLEAR.encode() in stored, "it keeps what passes, or this test says nothing"
    assert sign in stored
    for canary in CANARIES:
        for form in _forms(canary.encode()):
            assert form not in stored, (canary, form)


def _forms(canary: bytes) -> list[bytes]:
    """As it is, and the part of its base64 that what is around it leaves alone."""
    whole = [base64.b64encode(bytes(n) + canary) for n in range(3)]
    inner = [text[4 if n else 0 : -4] for n, text in enumerate(whole)]
    return [canary, *(text for text in inner if len(text) >= 8)]
