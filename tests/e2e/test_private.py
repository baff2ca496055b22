"""Two people on one XMPP server come to talk privately, with no relay at all; by the command line.

Each has a node of their own. Whatever the server stored of it is searched afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from e2e_networks import Elsewhere, add, chat
from e2e_world import Home, Village, contents, eventually, ticket
from e2e_xmpp import Client, answers
from xmpp_server import Prosody, Server, started

from swarmnode.domain.book import PersonView
from swarmnode.domain.views import SafetyView

soon = partial(eventually, within_s=90)

CANARIES = ("the canary sings", "the canary sang", "\N{HATCHING CHICK}", "a canary's portrait")


@dataclass
class Place:
    """Anna and Ben at their command lines, and Ben's ordinary client beside his node."""

    anna: Home
    ben: Home
    server: Server
    elsewhere: Elsewhere
    village: Village
    account: str
    """Anna's."""

    def person(self, home: Home, name: str) -> PersonView:
        """Somebody, as a node has them."""
        return home.client.get(f"/people/{home.client.resolve('person', name)}", PersonView)

    def private_chat(self, home: Home, name: str) -> str:
        """The conversation of the nodes."""
        return next(way.chat for way in self.person(home, name).ways if not way.network)

    def stored(self) -> bytes:
        """All that the server has on its disk, its log included."""
        return b"\n".join(data for _, data in contents(self.server.folder))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("private")
    server = started(Prosody, folder)
    try:
        for name in ("anna", "ben", "carl"):
            server.add(name, f"{name}'s password")
        with Village(folder) as village, Elsewhere() as elsewhere:
            anna, ben = village.person("anna"), village.person("ben")
            account = add(anna, "xmpp", answers(server, "anna"), "--at-home")
            add(ben, "xmpp", answers(server, "ben"), "--at-home")
            anna.json("bridge", "open", account, "ben@localhost")
            anna.json("send", "ben", "hello in the clear", "--wait")
            chat(ben, "anna", "xmpp")
            ben.json("send", "anna", "hello, Anna", "--wait")
            yield Place(anna, ben, server, elsewhere, village, account)
    finally:
        server.stop()


def test_they_agree_and_talk_and_the_server_has_nothing_but_envelopes(place: Place, tmp_path: Path) -> None:
    anna, ben = place.anna, place.ben
    desk = Client(place.elsewhere, place.server, "ben", "desk")
    offered = anna.json("people", "private", "ben")
    assert (offered["kind"], offered["role"], offered["state"]) == ("conversation", "inviter", "created")
    desk.until(lambda m: "A private message" in m["body"])

    def request() -> str:
        found = [c for c in ben.json("contacts")["items"] if c["standing"] == "request"]
        return str(found[0]["name"]) if found else ""

    asked = soon(request)
    assert "anna" in asked
    assert ben.json("contacts", "accept", asked)["name"] == asked
    soon(lambda: anna.standing("ben") == "confirmed")
    soon(lambda: ben.standing("anna") == "confirmed")
    code, error = anna.error("people", "private", "ben")
    assert (code, error["code"]) == (1, "conflict")
    shown = anna("people", "show", "ben").stdout
    assert "you met over it" in shown
    assert "it carries what is private" in shown
    assert "a network carries it" in shown
    ben.json("proofs", "make", "xmpp", "--yes")
    eventually(lambda: [proof.state for proof in place.person(anna, "ben").proofs] == ["ok"], within_s=100)

    sent = anna.json("send", "ben", CANARIES[0], "--wait")
    assert sent["state"] == "delivered"
    there = place.private_chat(ben, "anna")
    soon(lambda: ben.heard(there) == [CANARIES[0]])
    anna.json("edit", sent["id"], CANARIES[1])
    soon(lambda: ben.heard(there) == [CANARIES[1]])
    ben.json("react", sent["id"], CANARIES[2])
    here = place.private_chat(anna, "ben")
    soon(lambda: [m.reactions for m in anna.messages(here)] != [()])
    picture = tmp_path / "portrait.png"
    picture.write_bytes(b"\x89PNG" + CANARIES[3].encode() * 10_000)
    assert anna.json("send", "ben", "look", "--file", str(picture), "--wait")["state"] == "delivered"
    got = soon(lambda: [m.id for m in ben.messages(there) if m.attachments])
    ben.json("save", got[0], "0", str(tmp_path / "saved"))
    assert (tmp_path / "saved").read_bytes() == picture.read_bytes()

    words = anna.client.get(f"/contacts/{anna.client.resolve('contact', 'ben')}/safety", SafetyView)
    assert words == ben.client.get(f"/contacts/{ben.client.resolve('contact', 'anna')}/safety", SafetyView)
    stored = place.stored()
    assert b"hello in the clear" in stored, "its archive is on, or this test says nothing"
    assert b"urn:swarmnode:opaque:1" in stored
    for canary in CANARIES:
        assert canary.encode() not in stored
    desk.leave()

    def carries() -> list[str]:
        return [way.carries for way in place.person(anna, "ben").ways if way.network]

    anna.json("people", "carry", "ben", "--off")
    assert carries() == ["off"]
    anna.json("people", "carry", "ben", "--via", "xmpp")
    soon(lambda: carries() == ["in use"])


def test_who_has_no_node_gets_an_invite_as_an_ordinary_message_that_was_seen_before(place: Place) -> None:
    anna = place.anna
    carl = Client(place.elsewhere, place.server, "carl", "phone")
    anna.json("bridge", "open", place.account, "carl@localhost")
    code, error = anna.error("people", "invite", "carl", "--yes")
    assert (code, error["code"]) == (1, "not-ready"), "an invite needs a relay that keeps it"
    relay = place.village.relay("post")
    anna("relay", "use", ticket(relay))
    code, error = anna.error("people", "invite", "carl")
    assert (code, error["code"]) == (2, "usage")
    anna.json("people", "invite", "carl", "--text", "Come over, Carl:", "--yes")
    said = str(carl.until(lambda m: "Come over" in m["body"])["body"])
    text, _, link = said.rpartition("\n\n")
    assert text == "Come over, Carl:"
    node = place.village.person("carl")
    node.json("accept", link)
    soon(lambda: anna.standing("carl") == "confirmed")
    carl.leave()
