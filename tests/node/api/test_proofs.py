"""Proofs over HTTP: a plan changes nothing, and requests say what they mean."""

from __future__ import annotations

import pytest
from api_world import World
from double_proofs import OWN


async def test_a_plan_is_asked_for_and_makes_nothing(world: World) -> None:
    plan = await world.own("POST", "/proofs", {"account": "acc1", "open_to": ["1"], "dry_run": True})
    assert (plan.status, plan.json["id"], plan.json["text"]) == (200, "", OWN.text)
    assert "make_proof" not in [name for name, _ in world.node.calls]
    made = await world.own("POST", "/proofs", {"account": "acc1"})
    assert (made.json["id"], made.json["known_to"]) == ("7", [{"contact": "1", "name": "Ana"}])
    assert [a for n, a in world.node.calls if n == "make_proof"] == [("acc1", ())]


async def test_proofs_are_listed_opened_and_dropped(world: World) -> None:
    assert [one["id"] for one in (await world.own("GET", "/proofs")).json["items"]] == ["7", "8"]
    assert (await world.own("POST", "/proofs/7/open", {"open_to": ["1", "2"]})).status == 200
    assert (await world.own("POST", "/proofs/9/open", {"open_to": ["1"]})).status == 404
    assert (await world.own("DELETE", "/proofs/7")).status == 204
    checked = await world.own("POST", "/people/p1/check")
    assert [proof["why"] for proof in checked.json["proofs"]] == ["says-other"]


async def test_a_person_is_asked_in_private_and_refused(world: World) -> None:
    asked = await world.own("POST", "/people/p1/challenge", {"via": "pigeon"})
    assert [(proof["why"], proof["private"]) for proof in asked.json["proofs"]] == [("asked", True)]
    assert (await world.own("POST", "/people/p1/challenge", {})).status == 200
    assert [a for n, a in world.node.calls if n == "challenge"] == [("p1", "pigeon"), ("p1", "")]
    assert (await world.own("DELETE", "/people/p1/challenge")).json["proofs"][0]["state"] == "gone"


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/proofs", {}),
        ("/proofs", {"account": ""}),
        ("/proofs", {"account": "acc1", "open_to": "1"}),
        ("/proofs", {"account": "acc1", "everybody": True}),
        ("/proofs/7/open", {"open_to": []}),
        ("/people/p1/challenge", {"via": 7}),
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, path: str, wrong: dict[str, object]) -> None:
    assert (await world.own("POST", path, wrong)).status == 400
