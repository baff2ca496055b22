"""Routes about what has not left yet, and about deletions: what a request may say."""

import time

import pytest
from api_world import World
from double_node import ANA

SAYS = f"/chats/{ANA.chat}/messages"


async def test_a_time_is_given_by_the_clock_or_from_now(world: World) -> None:
    at = int(time.time()) + 3600
    assert (await world.own("POST", SAYS, {"text": "hi", "send_at": at})).json["send_at"] == at
    before = int(time.time())
    said = await world.own("POST", SAYS, {"text": "hi", "send_in_s": 5}, **{"Idempotency-Key": "a"})
    assert before + 5 <= said.json["send_at"] <= time.time() + 6
    now = await world.own("POST", SAYS, {"text": "hi"}, **{"Idempotency-Key": "b"})
    assert now.json["send_at"] == 0
    path = f"/messages/{said.json['id']}/time"
    assert (await world.own("PUT", path, {})).json["send_at"] == 0
    assert (await world.own("PUT", path, {"send_at": at})).json["send_at"] == at


@pytest.mark.parametrize(
    "wrong",
    [{"send_at": 1, "send_in_s": 1}, {"send_in_s": 367 * 86_400}, {"send_at": -1}, {"send_at": "soon"}],
)
async def test_what_is_no_time(world: World, wrong: dict[str, object]) -> None:
    assert (await world.own("POST", SAYS, {"text": "hi", **wrong})).status == 400
    assert (await world.own("PUT", "/messages/w1/time", wrong)).status == 400


async def test_the_outbox_and_deletions(world: World) -> None:
    (waits,) = (await world.own("GET", "/outbox")).json["items"]
    assert (waits["message"], waits["state"]) == ("w1", "scheduled")
    (made,) = (await world.own("GET", "/deletions")).json["items"]
    assert made == (await world.own("GET", f"/deletions/{made['id']}")).json
    receipts = (await world.own("GET", f"/deletions/{made['id']}/receipts")).json
    assert receipts["format"] == "swarmnode deletion receipts 1"
    assert (await world.own("GET", "/deletions/9")).status == 404
