"""Ben proves to Anna that an account is his; it is withdrawn, and stolen. By the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from e2e_networks import Demo, Elsewhere, add
from e2e_world import Home, Village, eventually

from swarm_bridges.claims import texts_in
from swarm_bridges.testing.demo_network import DemoNetwork
from swarm_bridges.testing.network import OWNER, FakeRoom
from swarmnode.domain.book import PersonView
from swarmnode.domain.views import ContactView, Items

ON_DEMO, ROOM = "u-ben", "d-u-ben"


until = partial(eventually, within_s=100.0)
"""Several processes have a turn before something is there."""


@dataclass
class Place:
    """Anna and Ben at their command lines; each has an account on the demo network."""

    anna: Home
    ben: Home
    demo: Demo

    def profile(self) -> tuple[str, ...]:
        """What claims stand in Ben's profile."""
        return self.demo.do(lambda n: texts_in(" ".join(n.profiles.get(ON_DEMO, ()))))

    def describe(self, *lines: str) -> None:
        """Ben's profile is changed by another client."""

        def change(network: DemoNetwork) -> None:
            network.profiles[ON_DEMO] = list(lines)
            network.change("profile", room="", by=ON_DEMO)

        self.demo.do(change)

    def standing(self) -> str:
        """How Ben stands as a contact; there is no other."""
        contacts = self.anna.client.get("/contacts", Items[ContactView]).items
        return contacts[0].standing if contacts else ""

    def contact(self) -> str:
        """Ben's id among the contacts."""
        return self.anna.client.get("/contacts", Items[ContactView]).items[0].id

    def ben_is(self) -> PersonView:
        """Ben, as Anna's node has him."""
        person = self.anna.client.resolve("person", "Benedikt")
        return self.anna.client.get(f"/people/{person}", PersonView)

    def proof(self) -> str:
        """How it stands with the proof, for Anna."""
        return next((proof.state for proof in self.ben_is().proofs), "")


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("proofs")
    with Village(folder) as village, Elsewhere() as elsewhere:
        demo = elsewhere.demo()

        def begin(network: DemoNetwork) -> None:
            network.register("ben", ON_DEMO, "Benedikt")
            network.rooms[ROOM] = FakeRoom(ROOM, kind="direct", title="the two", members=(OWNER, ON_DEMO))
            network.say("hello, Benedikt", who=OWNER, room=ROOM)
            network.say("hello, Olga", who=ON_DEMO, room=ROOM)  # offers of strangers are not looked at

        demo.do(begin)
        anna, ben = village.person("anna"), village.person("ben")
        add(anna, "demo", demo.answers, "--at-home")
        add(ben, "demo", {**demo.answers, "user": "ben"}, "--at-home")
        yield Place(anna, ben, demo)


def a_proof_is_made_only_when_the_owner_says_so_and_says_what_it_shows(place: Place) -> None:
    place.describe("I bake.")
    code, error = place.ben.error("proofs", "make", "demo")
    assert (code, error["code"]) == (2, "usage")
    assert "--yes" in error["hint"]
    assert place.profile() == ()
    made: dict[str, Any] = place.ben.json("proofs", "make", "demo", "--yes")
    assert (made["state"], made["place"], made["handle"]) == ("there", "profile", ON_DEMO)
    assert made["known_to"] == []
    assert place.profile() == (made["text"],)
    assert place.demo.do(lambda n: n.profiles[ON_DEMO])[0] == "I bake.", "what stood there still does"
    assert "nobody" in place.ben("proofs", "list").stdout
    code, error = place.ben.error("proofs", "make", "demo", "--yes")
    assert (code, error["code"]) == (1, "conflict")


def anna_is_told_that_he_has_a_node_and_they_talk_privately(place: Place) -> None:
    until(lambda: place.ben_is().links[0].node)
    assert "people private Benedikt" in " ".join(place.anna("people", "show", "Benedikt").stdout.split())
    place.anna.json("people", "private", "Benedikt")
    asked = until(lambda: [c for c in place.ben.json("contacts")["items"] if c["standing"] == "request"])
    place.ben.json("contacts", "accept", asked[0]["name"])
    until(lambda: place.standing() == "confirmed")


def what_he_claims_is_opened_to_her_and_her_node_looks_by_itself(place: Place) -> None:
    until(lambda: place.proof() == "ok")
    assert [len(one["known_to"]) for one in place.ben.json("proofs", "list")["items"]] == [1]
    ben = place.ben_is()
    assert {(link.network, link.remote_id) for link in ben.links if link.network} == {("demo", ON_DEMO)}
    assert "proven-both-ways" in [link.reason for link in ben.links]
    shown = place.anna("people", "show", "Benedikt").stdout
    for words in ("proven both ways", "Benedikt", "proven "):
        assert words in shown
    assert "Has a node" not in shown, "that is known: he is a contact"
    assert place.anna.json("proofs", "check", "Benedikt")["proofs"][0]["state"] == "ok"


def what_is_withdrawn_is_gone_and_comes_back(place: Place) -> None:
    place.describe("I bake.")
    until(lambda: place.proof() == "gone")
    checked = place.anna.json("proofs", "check", "Benedikt")["proofs"][0]
    assert (checked["state"], checked["why"]) == ("gone", "says-nothing")
    assert "you met over it" in place.anna("people", "show", "Benedikt").stdout, "that reason is back"
    assert place.standing() == "confirmed"
    text = place.ben.json("proofs", "list")["items"][0]["text"]
    place.describe("I bake.", text)
    until(lambda: place.proof() == "ok")


def another_personas_claim_is_an_alert(place: Place) -> None:
    place.describe("I bake.", f"swarm:1:{'M' * 42}A")
    until(lambda: place.proof() == "changed")
    assert place.standing() == "key-alert"
    assert "NAMES SOMEBODY ELSE" in place.anna("contacts").stdout
    place.anna.json("verify", place.contact(), "--trust")
    assert place.standing() == "confirmed"


def what_is_dropped_is_taken_back_on_both_sides(place: Place) -> None:
    text = place.ben.json("proofs", "list")["items"][0]["text"]
    place.describe("I bake.", text)
    until(lambda: place.proof() == "ok")
    place.ben.json("proofs", "drop", "demo", "--yes")
    assert place.profile() == ()
    assert place.ben.json("proofs", "list")["items"] == []
    until(lambda: place.proof() == "")
    assert place.demo.do(lambda n: n.profiles[ON_DEMO]) == ["I bake."]


def test_a_proof_from_its_making_to_its_end(place: Place) -> None:
    a_proof_is_made_only_when_the_owner_says_so_and_says_what_it_shows(place)
    anna_is_told_that_he_has_a_node_and_they_talk_privately(place)
    what_he_claims_is_opened_to_her_and_her_node_looks_by_itself(place)
    what_is_withdrawn_is_gone_and_comes_back(place)
    another_personas_claim_is_an_alert(place)
    what_is_dropped_is_taken_back_on_both_sides(place)
