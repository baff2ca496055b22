"""Private talk over other networks, over HTTP: who is asked, and what may be carried where."""

from __future__ import annotations

import pytest
from api_world import World


async def test_somebody_is_asked_over_a_network_or_over_the_best_one(world: World) -> None:
    asked = await world.own("POST", "/people/p1/private", {})
    assert (asked.status, asked.json["kind"], asked.json["state"]) == (200, "conversation", "created")
    assert (await world.own("POST", "/people/p1/private", {"via": "pigeon"})).status == 200
    assert (await world.own("POST", "/people/p9/private", {})).status == 404
    assert [a for n, a in world.node.calls if n == "private"][:2] == [("p1", ""), ("p1", "pigeon")]


async def test_a_conversation_carries_what_is_private_or_not(world: World) -> None:
    for on in (True, False):
        assert (await world.own("PUT", "/people/p1/carry", {"via": "b7", "on": on})).json["id"] == "p1"
    assert [a for n, a in world.node.calls if n == "carry"] == [("p1", "b7", True), ("p1", "b7", False)]


@pytest.mark.parametrize(
    ("method", "path", "wrong"),
    [
        ("POST", "/people/p1/private", {"via": "v" * 101}),
        ("POST", "/people/p1/private", {"to": "all"}),
        ("PUT", "/people/p1/carry", {}),
        ("PUT", "/people/p1/carry", {"on": "yes"}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    world: World, method: str, path: str, wrong: dict[str, object]
) -> None:
    assert (await world.own(method, path, wrong)).status == 400
