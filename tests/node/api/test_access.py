"""Who may ask what: pairing, tokens, scopes."""

import asyncio
import re

import pytest
from api_world import World

from swarmnode.api.access import ALPHABET, CODE_GUESSES, CODE_LIFE_S
from swarmnode.api.ports import MemoryTokens, Token
from swarmnode.api.table import ROUTES
from swarmnode.domain.views import NodeState
from swarmnode.errors import Locked


def a_path(path: str) -> str:
    return re.sub(r"{\w+}", "0", path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
async def test_a_stranger_gets_nothing_but_the_doors(world: World, route) -> None:  # type: ignore[no-untyped-def]
    answer = await world.ask(route.method, a_path(route.path), {})
    assert answer.status == (
        400
        if route.path in {"/session", "/unlock"} and route.method == "POST"
        else 403
        if route.scope.name == "OWNER"
        else 401
    )
    assert world.node.calls == []


async def test_a_code_pairs_a_program_once(world: World) -> None:
    code = (await world.own("POST", "/pairing", {})).json["code"]
    assert len(code) == 9
    assert set(code.replace("-", "")) <= set(ALPHABET)
    opened = await world.ask("POST", "/session", {"code": code.lower(), "kind": "bearer", "label": "bot"})
    assert opened.status == 200
    assert opened.set_cookie == ""
    header = {"Authorization": f"Bearer {opened.json['token']}"}
    assert (await world.ask("GET", "/status", headers=header)).json["name"] == "Me"
    again = await world.ask("POST", "/session", {"code": code, "kind": "bearer"})
    assert (again.status, again.code) == (403, "denied")


async def test_a_code_dies_of_guesses(world: World) -> None:
    code = (await world.own("POST", "/pairing", {})).json["code"]
    for _ in range(CODE_GUESSES):
        assert (await world.ask("POST", "/session", {"code": "AAAA-AAAA"})).status == 403
    assert (await world.ask("POST", "/session", {"code": code})).status == 403


async def test_a_code_lives_until_the_last_guess(world: World) -> None:
    code = (await world.own("POST", "/pairing", {})).json["code"]
    for _ in range(CODE_GUESSES - 1):
        await world.ask("POST", "/session", {"code": "AAAA-AAAA"})
    assert (await world.ask("POST", "/session", {"code": code})).status == 200


@pytest.mark.parametrize(("late", "status"), [(-1, 200), (0, 403)])
async def test_a_code_ends(world: World, late: int, status: int) -> None:
    code = (await world.own("POST", "/pairing", {})).json["code"]
    world.clock.s += CODE_LIFE_S + late
    assert (await world.ask("POST", "/session", {"code": code})).status == status


async def test_a_new_code_replaces_the_old_one(world: World) -> None:
    old = (await world.own("POST", "/pairing", {})).json["code"]
    new = (await world.own("POST", "/pairing", {})).json["code"]
    assert (await world.ask("POST", "/session", {"code": old})).status == 403
    assert (await world.ask("POST", "/session", {"code": new})).status == 200


@pytest.mark.parametrize(
    ("scope", "path", "method", "status"),
    [
        ("read", "/chats", "GET", 200),
        ("read", "/invites", "GET", 403),
        ("write", "/invites", "GET", 200),
        ("write", "/devices", "GET", 403),
        ("admin", "/devices", "GET", 200),
        ("admin", "/trace?peer=x", "GET", 403),
    ],
)
async def test_a_scope_includes_those_below_and_no_others(
    world: World, scope: str, path: str, method: str, status: int
) -> None:
    assert (await world.ask(method, path, headers=await world.token(scope))).status == status


async def test_a_token_can_be_named_and_revoked(world: World) -> None:
    header = await world.token("read")
    (device,) = (await world.own("GET", "/devices")).json["items"]
    assert (device["label"], device["scope"], device["kind"]) == ("read", "read", "bearer")
    assert (await world.own("DELETE", f"/devices/{device['id']}")).status == 204
    assert (await world.ask("GET", "/status", headers=header)).code == "unauthorized"
    assert (await world.own("DELETE", f"/devices/{device['id']}")).code == "not-found"


async def test_the_last_use_is_noted_once_a_minute(world: World) -> None:
    header = await world.token("admin")

    async def used_after(seconds: int) -> int:
        world.clock.s += seconds
        (device,) = (await world.ask("GET", "/devices", headers=header)).json["items"]
        return int(device["used_at"] - device["created_at"])

    assert [await used_after(59), await used_after(1), await used_after(59)] == [0, 60, 60]


@pytest.mark.parametrize("header", ["Bearer nothing", "Bearer ", "Basic YTpi", "nothing"])
async def test_an_unknown_header_is_refused(world: World, header: str) -> None:
    assert (await world.ask("GET", "/status", headers={"Authorization": header})).status == 401


@pytest.mark.parametrize(
    ("request_line", "header", "status"),
    [
        ("GET /api/v1/status", "Authorization: Bearer \xff", b"401"),
        ("GET /api/v1/status", "Cookie: swarm_session=\xff", b"401"),
        ("POST /api/v1/lock", "X-Swarm-CSRF: \xff", b"403"),
    ],
)
async def test_bytes_that_are_no_text_are_no_error_of_ours(
    world: World, request_line: str, header: str, status: bytes
) -> None:
    page = await world.browser()
    shown = "" if "GET" in request_line else f"Origin: {page['Origin']}\r\nCookie: {page['Cookie']}\r\n"
    place = world.served.url.removeprefix("http://")
    asked = f"{request_line} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n{shown}{header}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", world.served.port)
    writer.write(asked.encode("latin-1"))
    assert (await reader.read()).split()[1] == status
    writer.close()


async def test_a_cookie_is_no_bearer_token_and_the_other_way_round(world: World) -> None:
    secret = (await world.browser())["Cookie"].partition("=")[2]
    assert (await world.ask("GET", "/status", headers={"Authorization": f"Bearer {secret}"})).status == 401
    token = (await world.token())["Authorization"].partition(" ")[2]
    assert (await world.ask("GET", "/status", headers={"Cookie": f"swarm_session={token}"})).status == 401


async def test_a_session_ends(world: World) -> None:
    page = await world.browser()
    assert (await world.ask("GET", "/session", headers=page)).json["scope"] == "admin"
    ended = await world.ask("DELETE", "/session", headers=page)
    assert ended.status == 204
    assert 'swarm_session=""' in ended.set_cookie
    assert (await world.ask("GET", "/session", headers=page)).status == 401


async def test_a_passphrase_can_be_tried_from_outside_but_not_quickly(world: World) -> None:
    world.node.state = NodeState.LOCKED
    wrong = {"passphrase": "wrong"}
    assert [(await world.ask("POST", "/unlock", wrong)).status for _ in range(3)] == [403] * 3
    slow = await world.ask("POST", "/unlock", wrong)
    assert (slow.status, slow.code, slow.headers["Retry-After"]) == (429, "too-many", "2")
    assert (await world.own("POST", "/unlock", wrong)).status == 403, "the owner is not slowed down"
    world.clock.s += 60
    opened = await world.ask("POST", "/unlock", {"passphrase": world.node.passphrase})
    assert opened.json["state"] == "ready"


async def test_a_store_that_is_open_tells_a_stranger_nothing(world: World) -> None:
    told = await world.ask("POST", "/unlock", {"passphrase": "anything"})
    assert (told.status, told.json["state"]) == (200, "ready")
    assert not any(value for name, value in told.json.items() if name != "state")
    world.node.state = NodeState.LOCKED
    told = await world.ask("POST", "/unlock", {"passphrase": world.node.passphrase})
    assert not any(value for name, value in told.json.items() if name != "state")


async def test_guesses_at_the_same_time_take_turns(world: World) -> None:
    world.node.state = NodeState.LOCKED
    async with asyncio.TaskGroup() as tasks:
        guess = {"passphrase": "wrong"}
        tries = [tasks.create_task(world.ask("POST", "/unlock", guess)) for _ in range(10)]
    assert sorted(t.result().status for t in tries) == [403] * 3 + [429] * 7
    assert [name for name, _ in world.node.calls].count("unlock") == 3


class ClosedTokens(MemoryTokens):
    """Tokens in a store that is closed until it is opened."""

    open = False

    async def find(self, token_hash: bytes) -> Token | None:
        if not self.open:
            raise Locked("The store is locked.")
        return await super().find(token_hash)

    async def put(self, token: Token) -> None:
        if not self.open:
            raise Locked("The store is locked.")
        await super().put(token)


async def test_while_the_store_of_tokens_is_closed_it_can_be_opened(world: World) -> None:
    page = await world.browser()
    code = (await world.own("POST", "/pairing", {})).json["code"]
    world.node.state, world.served.gate.tokens = NodeState.LOCKED, (closed := ClosedTokens())
    assert (await world.ask("GET", "/status", headers=page)).code == "locked"
    assert (await world.ask("GET", "/status")).code == "unauthorized", "who shows nothing is told nothing"
    assert (await world.ask("POST", "/session", {"code": code})).code == "locked"
    unlocking = {"passphrase": world.node.passphrase}
    assert (await world.ask("POST", "/unlock", unlocking, headers=page)).status == 200
    closed.open = True
    assert (await world.ask("POST", "/session", {"code": code})).status == 200, "the code was not used up"


async def test_answers_to_errors_show_no_secret(world: World) -> None:
    header = {"Authorization": "Bearer planted-secret"}
    world.node.state = NodeState.LOCKED
    answers = [
        await world.ask("GET", "/status", headers=header),
        await world.ask("POST", "/unlock", {"passphrase": "planted-secret"}),
        await world.ask("POST", "/session", {"code": "planted-secret"}),
        await world.ask("POST", "/session", {"code": "A", "kind": "planted-secret"}),
        await world.own("POST", "/pairing", {"scope": "planted-secret"}),
        await world.own("POST", "/invites", {"kind": 5, "label": "planted-secret"}),
    ]
    assert all(answer.status >= 400 for answer in answers)
    assert not any(b"planted-secret" in answer.data for answer in answers)


async def test_the_store_of_tokens_keeps_no_token(world: World) -> None:
    token = (await world.token())["Authorization"].partition(" ")[2]
    assert isinstance(world.served.gate.tokens, MemoryTokens)
    (kept,) = await world.served.gate.tokens.all()
    assert token not in repr(kept)
    assert kept.hash not in {token.encode(), b""}
    assert kept.hash.hex() not in repr(kept)


async def test_a_device_is_called_something_else(world: World) -> None:
    token = await world.token()
    (device,) = (await world.own("GET", "/devices")).json["items"]
    named = await world.ask("PATCH", f"/devices/{device['id']}", {"name": "Kitchen"}, headers=token)
    assert (named.json["label"], named.json["this"]) == ("Kitchen", True)
    assert [d["label"] for d in (await world.own("GET", "/devices")).json["items"]] == ["Kitchen"]
    assert (await world.own("PATCH", "/devices/none", {"name": "Kitchen"})).status == 404
    assert (await world.own("PATCH", f"/devices/{device['id']}", {"name": ""})).status == 400
    less = await world.token("write")
    assert (
        await world.ask("PATCH", f"/devices/{device['id']}", {"name": "x"}, headers=less)
    ).code == "denied"


async def test_settings_are_shown_to_who_may_change_the_node(world: World) -> None:
    token, less = await world.token(), await world.token("write")
    shown = await world.ask("GET", "/settings", headers=token)
    assert shown.json["items"][0]["name"] == "privacy.receipts"
    assert (await world.ask("GET", "/settings", headers=less)).code == "denied"
    path = "/settings/privacy.receipts"
    changed = await world.ask("PATCH", path, {"value": "false"}, headers=token)
    assert (changed.json["value"], changed.json["by"]) == ("false", "owner")
    assert (await world.ask("PATCH", path, {"value": None}, headers=token)).json["by"] == "nobody"
    assert [said for name, said in world.node.calls if name == "change_setting"] == [
        ("privacy.receipts", "false"),
        ("privacy.receipts", None),
    ]
    for wrong in ({}, {"value": True}, {"value": "x" * 4097}):
        assert (await world.ask("PATCH", path, wrong, headers=token)).status == 400
    assert (await world.ask("PATCH", path, {"value": "false"}, headers=less)).code == "denied"
