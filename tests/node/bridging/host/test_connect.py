"""Where bridges may connect to: what their manifests and accounts name, and nothing private."""

from __future__ import annotations

import asyncio
import socket

import pytest
from ports import held_port

from swarm_bridges.api import Refused, Temporary
from swarmnode.bridging.host.connect import Reach, connect, plain_host

ACCOUNT = Reach(("account_host",), hosts=frozenset({"chat.example", "mail.example:993", "[2001:db8::1]:443"}))


@pytest.mark.parametrize(
    ("reach", "host", "port", "allowed"),
    [
        (Reach(("api.example",)), "api.example", 443, True),
        (Reach(("api.example",)), "evil-api.example", 443, False),
        (Reach(("api.example",)), "sub.api.example", 443, False),
        (Reach(("*.api.example",)), "sub.api.example", 443, True),
        (Reach(("*.api.example",)), "a.b.api.example", 443, True),
        (Reach(("*.api.example",)), "api.example", 443, False),
        (Reach(("*.api.example",)), "evilapi.example", 443, False),
        (Reach(("any",)), "whatever.example", 1, True),
        (Reach(()), "api.example", 443, False),
        (ACCOUNT, "chat.example", 5222, True),
        (ACCOUNT, "sub.chat.example", 5222, False),
        (ACCOUNT, "mail.example", 993, True),
        (ACCOUNT, "mail.example", 25, False),
        (ACCOUNT, "2001:db8::1", 443, True),
        (ACCOUNT, "2001:db8::1", 80, False),
        (Reach((), hosts=frozenset({"chat.example"})), "chat.example", 443, False),
        (Reach(("account_host",), named=frozenset({"chat.example"})), "matrix.chat.example", 443, True),
        (Reach(("account_host",), named=frozenset({"chat.example"})), "chat.example", 443, True),
        (Reach(("account_host",), named=frozenset({"chat.example"})), "evilchat.example", 443, False),
    ],
)
def test_who_may_go_where(reach: Reach, host: str, port: int, allowed: bool) -> None:
    assert reach.allows(host, port) is allowed


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("Chat.Example.", "chat.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("192.0.2.7", "192.0.2.7"),
        ("_xmpp.example", "_xmpp.example"),
    ],
)
def test_hosts_have_one_form(host: str, plain: str) -> None:
    assert plain_host(host) == plain


@pytest.mark.parametrize("host", ["", ".", "a..b", "a b", "a/b", "a@b", "a\x00b", "x" * 300, "é" * 80])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(Refused):
        plain_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",  # noqa: S104 - compared, not bound
    ],
)
async def test_private_addresses_are_refused_also_where_any_host_is_allowed(host: str) -> None:
    with pytest.raises(Refused):
        await connect(Reach(("any",)), host, 443)


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "fe80::1"])
async def test_the_switch_for_tests_is_for_this_machine_alone(host: str) -> None:
    with pytest.raises(Refused):
        await connect(Reach(("any",)), host, 443, loopback=True)


HOME = Reach(("any", "account_host"), hosts=frozenset({"nas.lan:5222", "[fd00::7]:993"}), at_home=True)


@pytest.mark.parametrize(
    ("reach", "host", "allowed"),
    [
        (HOME, "nas.lan", True),
        (HOME, "upload.nas.lan", True),
        (HOME, "fd00::7", True),
        (HOME, "evilnas.lan", False),
        (HOME, "192.168.1.1", False),
        (Reach(("account_host",), named=frozenset({"10.1.2.3"}), at_home=True), "10.1.2.3", True),
        (Reach(("any",), hosts=frozenset({"nas.lan:5222"})), "nas.lan", False),
    ],
)
def test_who_may_have_a_private_address(reach: Reach, host: str, allowed: bool) -> None:
    assert reach.may_be_private(host) is allowed


async def test_an_account_at_home_reaches_its_own_server_there_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name of the account may be anywhere in the owner's network, but not where clouds have their doors."""
    server = await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    numbers = ["127.0.0.1"]

    def answers(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", (number, 0)) for number in numbers]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    async with server:
        with await connect(HOME, "nas.lan", port) as line:
            assert line.getpeername()[1] == port
        for elsewhere in ("tracker.example", "127.0.0.1"):
            with pytest.raises(Refused, match="private"):
                await connect(HOME, elsewhere, port)
        numbers[:] = ["169.254.169.254"]
        with pytest.raises(Refused, match="private"):
            await connect(HOME, "nas.lan", port)


async def test_a_connection_is_made_and_does_not_block() -> None:
    server = await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        for host in ("127.0.0.1", "LOCALHOST"):
            with await connect(Reach(("any",)), host, port, loopback=True) as line:
                assert not line.getblocking()
                assert line.getpeername()[1] == port
        with pytest.raises(Refused):
            await connect(Reach(("other.example",)), "127.0.0.1", port, loopback=True)
    with pytest.raises(Temporary):
        await connect(Reach(("any",)), "127.0.0.1", held_port(), loopback=True)


@pytest.mark.parametrize("port", [0, -1, 65536])
async def test_ports_are_ports(port: int) -> None:
    with pytest.raises(Refused):
        await connect(Reach(("any",)), "127.0.0.1", port, loopback=True)


async def test_a_name_that_leads_to_a_private_address_too_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server would answer whose owner wants to be let into somebody's network."""

    def answers(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", (number, 0)) for number in ("93.184.215.14", "192.168.1.1")]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with pytest.raises(Refused, match="private"):
        await connect(Reach(("any",)), "rebinding.example", 443)


async def test_an_unknown_name_may_be_known_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with pytest.raises(Temporary):
        await connect(Reach(("any",)), "unknown.example", 443)
