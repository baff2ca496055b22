"""Accounts on other networks over HTTP: logins as steps, who may, and what comes twice."""

from __future__ import annotations

import io

import pytest
from api_world import World
from double_node import COO


async def test_a_login_is_steps_of_data(world: World) -> None:
    first = (await world.own("POST", "/logins", {"network": "pigeon", "at_home": True})).json
    assert [field["name"] for field in first["step"]["fields"]] == ["name", "password"]
    assert first["step"]["fields"][1]["kind"] == "secret"
    wrong = {"turn": first["turn"], "answers": {"name": "ada", "password": "nonsense"}}
    again = (await world.own("POST", "/logins/l1", wrong)).json
    assert again["step"]["error"] == "The password is wrong."
    right = {"turn": again["turn"], "answers": {"name": "ada", "password": "correct horse"}}
    waits = (await world.own("POST", "/logins/l1", right)).json
    assert (waits["step"]["show"], waits["step"]["poll_every_s"]) == ({"code": "42-42"}, 0.01)
    done = (await world.own("POST", "/logins/l1/tick")).json
    assert (done["step"], done["account"]) == (None, COO.id)
    assert (await world.own("GET", f"/accounts/{done['account']}")).json["says"] == "connected"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"network": "pigeon", "account": "x"},
        {"account": "x"},
        {"network": "pigeon", "why": "reauth"},
        {"network": "pigeon", "why": "because"},
        {"network": "pigeon", "password": "x"},
    ],
)
async def test_a_login_is_on_a_network_or_for_an_account(world: World, body: object) -> None:
    assert (await world.own("POST", "/logins", body)).status == 400
    assert [name for name, _ in world.node.calls if name == "begin_login"] == []


async def test_what_is_to_be_settled_is_steps_too_and_not_for_every_screen(world: World) -> None:
    path = f"/accounts/{COO.id}/matters/device.1"
    first = (await world.own("POST", path, {})).json
    assert [field["name"] for field in first["step"]["fields"]] == ["name", "password"]
    answers = {"step": "who", "answers": {"name": "ada", "password": "correct horse"}}
    assert (await world.own("POST", path, answers)).json["step"]["show"] == {"code": "42-42"}
    assert (await world.own("POST", path, {"step": "wait"})).json == {"step": None}
    assert (await world.own("DELETE", path)).status == 204
    assert ("dismiss", (COO.id, "device.1")) in world.node.calls
    token = await world.token("write")
    for method, body in (("POST", {}), ("DELETE", None)):
        assert (await world.ask(method, path, body, headers=token)).code == "denied"


async def test_answers_are_not_remembered_and_not_repeated_in_errors(world: World) -> None:
    key = {"Idempotency-Key": "once"}
    for _ in range(2):
        answers = {"turn": "t1", "answers": {"name": "ada", "password": "correct horse"}}
        await world.own("POST", "/logins/l1", answers, **key)
    assert len([name for name, _ in world.node.calls if name == "answer_login"]) == 2
    long = await world.own("POST", "/logins/l1", {"turn": "t1", "answers": {"password": "secret" * 6000}})
    assert long.status == 400
    assert b"secretsecret" not in long.data


async def test_screens_with_less_rights_see_accounts_and_do_not_add_them(world: World) -> None:
    token = await world.token("write")
    assert (await world.ask("GET", "/accounts", headers=token)).status == 200
    assert (await world.ask("POST", f"/accounts/{COO.id}/pause", headers=token)).json["paused"]
    for method, path in (("POST", "/logins"), ("GET", "/logins/l1"), ("DELETE", f"/accounts/{COO.id}")):
        body = {"network": "pigeon"} if method == "POST" else None
        assert (await world.ask(method, path, body, headers=token)).code == "denied"


async def test_what_only_networks_have(world: World) -> None:
    said = world.node.hear("d" * 32, "a post")
    assert (await world.own("PUT", f"/messages/{said.id}/marks/boost", {"on": True})).json["marks"] == [
        "boost"
    ]
    voted = await world.own("POST", f"/messages/{said.id}/vote", {"choices": ["a", "c"]})
    assert voted.json["doing"] == ["vote"]
    assert ("vote", (said.id, ("a", "c"))) in world.node.calls
    for nothing in ([], [""] * 101, "a"):
        assert (await world.own("POST", f"/messages/{said.id}/vote", {"choices": nothing})).status == 400
    assert (await world.own("POST", "/chats/b7/leave")).json["id"] == "b7"
    assert (await world.own("PUT", "/chats/b7/typing", {"on": True})).status == 204
    assert ("typing", ("b7", True)) in world.node.calls
    assert (await world.own("POST", f"/messages/{said.id}/confirm")).json["state"] == "sent"
    assert (await world.own("GET", "/timeline?limit=1")).json["items"][0]["network"] == "pigeon"
    assert (await world.own("GET", "/chats/b7/abilities")).json["max_text"] == 500
    opened = await world.own("POST", f"/accounts/{COO.id}/chats", {"address": "loft", "room": True})
    assert (opened.json["id"], opened.json["network"]) == ("b7", "pigeon")
    assert (await world.own("POST", "/bridges/pigeon/reload")).json["version"] == "1.1.0"


async def test_networks_that_push_come_by_a_door_of_their_own(world: World) -> None:
    url = f"{world.served.url}/hooks/{COO.id}/new/things?hub.mode=x"
    headers = {"X-Signature": "abc", "Cookie": "swarm_session=secret"}
    async with world.tcp.post(url, data=b"raw words", headers=headers) as answer:
        assert (answer.status, await answer.read()) == (202, b"sdrow war")
        assert answer.headers["Content-Type"] == "application/octet-stream"
    account, pushed = world.node.calls[-1][1]
    assert (account, pushed.method, pushed.path) == (COO.id, "POST", "new/things")
    assert (pushed.query, pushed.body) == ({"hub.mode": "x"}, b"raw words")
    assert pushed.headers["x-signature"] == "abc"
    assert "cookie" not in pushed.headers
    async with world.tcp.get(f"{world.served.url}/hooks/nobody/x") as answer:
        assert answer.status == 404
    async with world.tcp.post(url, data=io.BytesIO(bytes(1 << 20) + b"x")) as answer:
        assert answer.status == 413
    async with world.tcp.post(url, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403, "as everywhere, names need a list"
