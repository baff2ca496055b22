"""Direct links over real sockets and real TLS: two nodes on disk, and what strangers get at the door."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from direct_nodes import Somebody, meet, somebody, until
from relay_world import served

from swarm_protocol.nearby.door import KNOCK_SIZE
from swarmnode.delivery import direct, tls
from swarmnode.delivery.link import Link, connect
from swarmnode.delivery.relay_door import DoorLimits
from swarmnode.errors import ConfigError, Refused, Unreachable
from swarmnode.services.node import Options
from swarmnode.storage.home import FolderFiles

OPTIONS = Options(direct=True)


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[tuple[Somebody, Somebody, str]]:
    """Ada and Ben, who met over a relay that is gone since; and the address at which Ben can be called."""
    async with AsyncExitStack() as nodes, AsyncExitStack() as relay:
        role = await relay.enter_async_context(served(folder / "relay"))
        link = await role.tickets_link()
        ada = await nodes.enter_async_context(somebody(folder / "ada", "ada", link, OPTIONS))
        ben = await nodes.enter_async_context(somebody(folder / "ben", "ben", link, OPTIONS))
        await meet(ada, ben)
        await nodes.enter_async_context(ben.doors(direct=True))

        async def linked() -> bool:
            await ada.say("is your door open?")
            return await ada.links() > 0

        async def nothing_lies_there() -> bool:
            return sorted(await ada.sees()) == sorted(await ben.sees())

        await until(linked, every_s=0.5)
        await until(nothing_lies_there)  # on the relay: it would come again, in ten minutes
        await relay.aclose()
        yield ada, ben, await ben.address()


async def test_two_nodes_talk_without_a_relay(tmp_path: Path) -> None:
    async with two(tmp_path) as (ada, ben, _):
        for number in range(20):
            await ada.say(f"from ada {number}")
            await ben.say(f"from ben {number}")
        await ada.comes("from ben 19")
        await ben.comes("from ada 19")
        assert sorted(await ada.sees()) == sorted(await ben.sees())
        assert await ada.links() == await ben.links() == 1


async def test_two_nodes_on_one_network_talk_without_a_relay(tmp_path: Path) -> None:
    options = Options(lan=True)
    async with AsyncExitStack() as nodes, AsyncExitStack() as relay:
        role = await relay.enter_async_context(served(tmp_path / "relay"))
        link = await role.tickets_link()
        ada = await nodes.enter_async_context(somebody(tmp_path / "ada", "ada", link, options))
        ben = await nodes.enter_async_context(somebody(tmp_path / "ben", "ben", link, options))
        for person in (ada, ben):
            await nodes.enter_async_context(person.doors(lan=True))
        await meet(ada, ben)

        async def linked() -> bool:
            await ada.say("are you on this network?")
            return await ada.links() > 0

        await until(linked, every_s=0.5)
        await relay.aclose()
        await ada.say("without a relay")
        await ben.comes("without a relay")


async def test_a_stranger_with_the_address_and_the_pin_hears_nothing(tmp_path: Path) -> None:
    async with two(tmp_path) as (_, ben, address):
        pem = FolderFiles(ben.folder).read(direct.CERTIFICATE)
        assert pem is not None
        async with connect(address, tls.pin_of(pem)) as link:
            await link.send(os.urandom(KNOCK_SIZE))
            async with asyncio.timeout(30):
                with pytest.raises(Unreachable):
                    await link.receive()
        assert await ben.links() == 1


class Door:
    """A door alone; `knocks` are those that came through."""

    def __init__(self, folder: Path, limits: DoorLimits) -> None:
        context, self.pin = direct.certificate(folder)
        self.knocks: list[bytes] = []
        self.listener = direct.Listener(context, self._called, limits)

    async def _called(self, link: Link, knock: bytes) -> None:
        self.knocks.append(knock)
        async for frame in link:
            await link.send(frame[::-1])

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        with direct.listen("127.0.0.1", 0) as sock:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(self.listener.run(sock))
                yield f"127.0.0.1:{sock.getsockname()[1]}"
                running.cancel()


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path, direct.LIMITS)


async def test_who_knocks_is_let_through_and_both_sides_speak(door: Door) -> None:
    async with door.open() as address, connect(address, door.pin) as link:
        await link.send(b"k" * KNOCK_SIZE)
        await link.send(b"abc")
        assert await link.receive() == b"cba"
    assert door.knocks == [b"k" * KNOCK_SIZE]


@pytest.mark.parametrize("first", [b"", b"k" * 39, b"k" * 41, b"k" * 70_000, "text"])
async def test_anything_else_ends_the_connection_without_a_word(door: Door, first: bytes | str) -> None:
    async with door.open() as address, connect(address, door.pin) as link:
        if isinstance(first, str):
            await link._socket.send_str(first)
        else:
            await link.send(first)
        async with asyncio.timeout(30):
            with pytest.raises(Unreachable):
                await link.receive()
        assert link._socket.close_code == 1006  # RFC 6455 §7.1.5: not even a close frame came
    assert door.knocks == []


async def test_who_says_nothing_is_gone_in_a_while(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "FIRST_S", 0.2)
    async with door.open() as address, connect(address, door.pin) as link, asyncio.timeout(30):
        with pytest.raises(Unreachable):
            await link.receive()
    assert door.knocks == []


async def test_a_scan_sees_a_tls_server_and_nothing_more(door: Door) -> None:
    async with door.open() as address, asyncio.timeout(30):
        host, port = address.split(":")
        context = tls.client_context(door.pin)
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=host)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionResetError):  # which says nothing either
            assert await reader.read() == b""
        writer.close()


async def test_with_another_certificate_nothing_is_said(door: Door) -> None:
    async with door.open() as address:
        with pytest.raises(Refused):
            async with connect(address, bytes(32)):
                pass
    assert door.knocks == []


async def test_connections_of_one_source_are_counted(tmp_path: Path) -> None:
    limits = DoorLimits(total=10, per_source=2, per_minute=100, count_local=True)
    door = Door(tmp_path, limits)
    async with door.open() as address, connect(address, door.pin), connect(address, door.pin):
        with pytest.raises((Unreachable, Refused)):
            async with connect(address, door.pin):
                pass
    assert door.listener.entrance.door.turned_away == 1


def test_the_certificate_stays_and_is_its_owners_alone(tmp_path: Path) -> None:
    _, pin = direct.certificate(tmp_path)
    _, again = direct.certificate(tmp_path)
    assert pin == again
    assert stat.S_IMODE((tmp_path / direct.CERTIFICATE).stat().st_mode) == 0o600


def test_a_port_that_is_taken_is_said_so() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken, pytest.raises(ConfigError, match="cannot listen"):
        direct.listen("127.0.0.1", taken.getsockname()[1])
