"""Other people's web pages, wrong names, and what every answer carries."""

import stat
from pathlib import Path

import pytest
from api_world import World
from double_node import ANA

from swarm_protocol.testing import SeededEntropy
from swarmnode.api import local
from swarmnode.api.guard import HEADERS
from swarmnode.api.ports import MemoryAnswers, MemoryTokens
from swarmnode.api.server import Api, serve
from swarmnode.errors import StorageError


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8470", 200),
        ("node.localhost", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8470", 200),
        ("192.168.1.7", 200),
        ("node.example", 200),
        ("NODE.example:443", 200),
        ("node.example.evil.example", 403),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
async def test_a_name_that_is_not_ours_is_refused(world: World, host: str, status: int) -> None:
    header = await world.token()
    assert (await world.ask("GET", "/status", headers={**header, "Host": host})).status == status


async def test_a_page_of_ours_may_write(world: World) -> None:
    page = await world.browser()
    assert (await world.ask("PUT", f"/contacts/{ANA.id}/block", {"on": True}, headers=page)).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Swarm-CSRF": "0" * 64},
        {"X-Swarm-CSRF": ""},
    ],
    ids=str,
)
async def test_another_page_may_not(world: World, change: dict[str, str]) -> None:
    page = await world.browser()
    answer = await world.ask("PUT", f"/contacts/{ANA.id}/block", {"on": True}, headers={**page, **change})
    assert (answer.status, answer.code) == (403, "denied")
    assert "block" not in [name for name, _ in world.node.calls]


@pytest.mark.parametrize("missing", ["Origin", "X-Swarm-CSRF"])
async def test_a_cookie_alone_writes_nothing(world: World, missing: str) -> None:
    page = await world.browser()
    del page[missing]
    assert (await world.ask("POST", "/lock", {}, headers=page)).status == 403


async def test_another_page_may_neither_listen_nor_pair_nor_unlock(world: World) -> None:
    page = {**await world.browser(), "Origin": "https://evil.example"}
    code = (await world.own("POST", "/pairing", {})).json["code"]
    answers = [
        await world.ask("GET", "/events", headers=page),
        await world.ask("POST", "/session", {"code": code}, headers=page),
        await world.ask("POST", "/unlock", {"passphrase": world.node.passphrase}, headers=page),
    ]
    assert [answer.status for answer in answers] == [403] * 3
    assert "unlock" not in [name for name, _ in world.node.calls]


async def test_a_page_of_ours_may_listen_though_its_browser_names_no_origin(world: World) -> None:
    cookie = {"Cookie": (await world.browser("read"))["Cookie"]}
    async with world.tcp.get(f"{world.served.url}/api/v1/events", headers=cookie) as response:
        assert response.status == 200
        assert await response.content.readuntil(b"\n\n") == b": here\n\n"


async def test_behind_a_proxy_the_name_that_was_allowed_counts(world: World) -> None:
    page = {**await world.browser(), "Origin": "https://node.example"}
    assert (await world.ask("POST", "/lock", headers=page)).status == 200
    assert (await world.ask("POST", "/lock", headers={**page, "Origin": "http://node.example"})).status == 403


@pytest.mark.parametrize(("origin", "secure"), [(None, False), ("https://node.example", True)])
async def test_what_the_cookie_says(world: World, origin: str | None, secure: bool) -> None:
    code = (await world.own("POST", "/pairing", {})).json["code"]
    headers = {"Origin": origin or world.served.url}
    cookie = (await world.ask("POST", "/session", {"code": code}, headers=headers)).set_cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/api/v1"} <= set(cookie.split("; "))
    assert ("Secure" in cookie) is secure


async def test_every_answer_carries_the_headers(world: World) -> None:
    answers = [
        await world.ask("GET", "/"),
        await world.ask("GET", "/openapi.json"),
        await world.ask("GET", "/status"),
        await world.ask("GET", "/nothing"),
        await world.ask("GET", "/status", headers={"Host": "evil.example"}),
    ]
    assert [answer.status for answer in answers] == [200, 200, 401, 404, 403]
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers).items()


async def test_the_page_speaks_german_and_holds_nothing_active(world: World) -> None:
    page = await world.ask("GET", "/", headers={"Accept-Language": "de-AT,en;q=0.5"})
    assert b'lang="de"' in page.data
    assert b"<script" not in page.data
    assert b"style" not in page.data


async def test_the_socket_is_the_owners_alone(world: World) -> None:
    assert stat.S_IMODE((world.home / local.NAME).stat().st_mode) == 0o600
    assert (await world.own("GET", "/session")).json == {
        "device": "owner", "scope": "owner", "csrf": "", "token": "",
    }  # fmt: skip


async def test_an_address_that_is_taken_is_an_error_with_a_way_out(world: World, tmp_path: Path) -> None:
    api = Api(
        world.node,
        tokens=MemoryTokens(),
        answers=MemoryAnswers(),
        clock=world.clock,
        entropy=SeededEntropy("second"),
    )
    with pytest.raises(StorageError) as raised:
        async with serve(api, home=tmp_path, host="127.0.0.1", port=world.served.port):
            pass
    assert "--http" in raised.value.hint
    assert not (tmp_path / local.NAME).exists()


def test_a_socket_in_a_deep_folder(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 30)
    home.mkdir()
    with local.listen(home) as listener:
        listener.listen()
        with local.connect(home, 1) as sock, listener.accept()[0] as other:
            sock.sendall(b"hello")
            assert other.recv(5) == b"hello"


def test_a_socket_that_a_dead_node_left_is_replaced(tmp_path: Path) -> None:
    local.listen(tmp_path).close()
    local.listen(tmp_path).close()
