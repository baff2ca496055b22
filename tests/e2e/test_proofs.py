"""Ben proves to Anna that an account is his; it is withdrawn, and stolen. By the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from e2e_networks import Demo, Elsewhere, add
from e2e_world import Home, Village, eventually

from swarm_bridges.claims import texts_in
from swarm_bridges.testing.demo_network import DemoNetwork
from swarmnode.domain.book import PersonView

pytestmark = pytest.mark.timeout(240)

ON_DEMO = "u-ben"


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

    def ben_is(self, who: str = "ben") -> PersonView:
        """Ben, as Anna's node has him."""
        person = self.anna.client.resolve("person", who)
        return self.anna.client.get(f"/people/{person}", PersonView)

    def proof(self) -> str:
        """How it stands with the proof, for Anna."""
        return next((proof.state for proof in self.ben_is().proofs), "")


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("proofs")
    with Village(folder) as village, Elsewhere() as elsewhere:
        demo = elsewhere.demo()
        demo.do(lambda n: n.register("ben", ON_DEMO, "Benedikt"))
        relay = village.relay("post")
        anna, ben = village.person("anna", relay), village.person("ben", relay)
        village.meet(anna, ben)
        add(anna, "demo", demo.answers, "--at-home")
        add(ben, "demo", {**demo.answers, "user": "ben"}, "--at-home")
        yield Place(anna, ben, demo)


def a_proof_is_made_only_when_the_owner_says_so_and_says_what_it_shows(place: Place) -> None:
    place.describe("I bake.")
    code, error = place.ben.error("proofs", "make", "demo")
    assert (code, error["code"]) == (2, "usage")
    assert "--yes" in error["hint"]
    assert place.profile() == ()
    made: dict[str, Any] = place.ben.json("proofs", "make", "demo", "--to", "anna", "--yes")
    assert (made["state"], made["place"], made["handle"]) == ("there", "profile", ON_DEMO)
    assert [known["name"] for known in made["known_to"]] == ["anna"]
    assert place.profile() == (made["text"],)
    assert place.demo.do(lambda n: n.profiles[ON_DEMO])[0] == "I bake.", "what stood there still does"
    assert "anna" in place.ben("proofs", "list").stdout
    code, error = place.ben.error("proofs", "make", "demo", "--yes")
    assert (code, error["code"]) == (1, "conflict")


def annas_node_looks_by_itself_and_they_are_one_person(place: Place) -> None:
    eventually(lambda: place.proof() == "ok")
    ben = place.ben_is()
    assert {(link.network, link.remote_id) for link in ben.links if link.network} == {("demo", ON_DEMO)}
    assert "proven-both-ways" in [link.reason for link in ben.links]
    shown = place.anna("people", "show", "ben").stdout
    for words in ("proven both ways", "Benedikt", "proven "):
        assert words in shown
    assert "Has a node" not in shown, "that is known: he is a contact"
    assert place.anna.json("proofs", "check", "ben")["proofs"][0]["state"] == "ok"


def what_is_withdrawn_is_gone_and_comes_back(place: Place) -> None:
    place.describe("I bake.")
    eventually(lambda: place.proof() == "gone")
    checked = place.anna.json("proofs", "check", "ben")["proofs"][0]
    assert (checked["state"], checked["why"]) == ("gone", "says-nothing")
    assert "was proven before" in place.anna("people", "show", "ben").stdout
    assert place.anna.standing("ben") == "confirmed"
    text = place.ben.json("proofs", "list")["items"][0]["text"]
    place.describe("I bake.", text)
    eventually(lambda: place.proof() == "ok")


def another_personas_claim_is_an_alert(place: Place) -> None:
    place.describe("I bake.", f"swarm:1:{'M' * 42}A")
    eventually(lambda: place.proof() == "changed")
    assert place.anna.standing("ben") == "key-alert"
    assert "NAMES SOMEBODY ELSE" in place.anna("contacts").stdout
    place.anna.json("verify", "ben", "--trust")
    assert place.anna.standing("ben") == "confirmed"


def what_is_dropped_is_taken_back_on_both_sides(place: Place) -> None:
    text = place.ben.json("proofs", "list")["items"][0]["text"]
    place.describe("I bake.", text)
    eventually(lambda: place.proof() == "ok")
    place.ben.json("proofs", "drop", "demo", "--yes")
    assert place.profile() == ()
    assert place.ben.json("proofs", "list")["items"] == []
    eventually(lambda: place.proof() == "")
    assert place.demo.do(lambda n: n.profiles[ON_DEMO]) == ["I bake."]


def test_a_proof_from_its_making_to_its_end(place: Place) -> None:
    a_proof_is_made_only_when_the_owner_says_so_and_says_what_it_shows(place)
    annas_node_looks_by_itself_and_they_are_one_person(place)
    what_is_withdrawn_is_gone_and_comes_back(place)
    another_personas_claim_is_an_alert(place)
    what_is_dropped_is_taken_back_on_both_sides(place)
