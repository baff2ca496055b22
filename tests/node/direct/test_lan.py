"""Finding each other on a network: two hosts as two namespaces, and what an announcement shows."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from direct_nodes import until
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from swarm_protocol import nearby
from swarm_protocol.testing import SeededEntropy
from swarmnode.delivery import direct, lan
from swarmnode.delivery.lan import SERVICE, Lan
from swarmnode.delivery.link import Link, connect
from swarmnode.errors import Refused, Unreachable
from swarmnode.services.step import Announce, Noticed

MAIN = Path(__file__).parents[2] / "support" / "lan_main.py"
NOW = 1_800_000_000
ENTROPY = SeededEntropy("lan")
SECRET, ADA, BEN, EVE = (ENTROPY(32) for _ in range(4))
PAIR, BACK = nearby.Pair(SECRET, ADA, BEN), nearby.Pair(SECRET, BEN, ADA)


# On one host


class Found:
    """What a presence has noticed and who has called it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.context, self.pin = direct.certificate(folder)
        self.seen: list[Noticed] = []
        self.calls: list[bytes] = []

    async def called(self, link: Link, knock: bytes) -> None:
        self.calls.append(knock)
        async for _ in link:
            pass

    def noticed(self, port: int) -> list[tuple[bytes, ...]]:
        """What was seen of whoever is at a port: the beacons."""
        at = f"127.0.0.1:{port}"
        return [nearby.decode_txt(one.texts) for one in self.seen if at in one.addresses]

    @asynccontextmanager
    async def presence(self) -> AsyncIterator[Lan]:
        presence = Lan(self.context, self.called, self.seen.append, host="127.0.0.1")
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(presence.run())
            yield presence
            running.cancel()


def shown(hour: int) -> Announce:
    beacons = nearby.announce([PAIR], now=NOW + 3600 * hour, entropy=ENTROPY)
    return Announce(nearby.encode_txt(beacons))


async def announced(presence: Lan, effect: Announce) -> tuple[str, int]:
    """Announce, and wait until it is somebody new; the name and the port."""
    before = presence.name
    presence.announce(effect)

    async def there() -> bool:
        return presence.name not in {"", before}

    await until(there)
    return presence.name, presence.port


async def asked(name: str) -> AsyncServiceInfo | None:
    """What the network says of a name."""
    network = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        info = AsyncServiceInfo(SERVICE, f"{name}.{SERVICE}")
        return info if await info.async_request(network.zeroconf, 1500) else None
    finally:
        await network.async_close()


async def test_each_hour_somebody_else_is_there_and_who_was_before_is_gone(tmp_path: Path) -> None:
    found = Found(tmp_path)
    async with found.presence() as presence:
        name, port = await announced(presence, shown(0))
        first = await until(lambda: asked(name))
        async with connect(f"127.0.0.1:{port}", found.pin) as link:
            await link.send(bytes(40))
            new_name, new_port = await announced(presence, shown(1))
            assert not {name, port} & {new_name, new_port}
            async with asyncio.timeout(30):
                with pytest.raises(Unreachable):
                    await link.receive()
        second = await until(lambda: asked(new_name))
        assert await asked(name) is None
        with pytest.raises((Unreachable, Refused)):
            async with connect(f"127.0.0.1:{port}", found.pin):
                pass
    assert first is not None
    assert second is not None
    assert first.port == port
    assert second.port == new_port
    for info, effect_name in ((first, name), (second, new_name)):
        assert info.server == f"{effect_name}.local."
        assert set(info.properties) == {b"v", b"b0"}
    assert not set(nearby.decode_txt(first.properties)) & set(nearby.decode_txt(second.properties))


async def test_it_sees_others_and_not_itself(tmp_path: Path) -> None:
    ada, ben = Found(tmp_path / "ada"), Found(tmp_path / "ben")
    async with ada.presence() as one, ben.presence() as other:
        five = shown(5)
        _, port = await announced(one, shown(0))
        _, other_port = await announced(other, five)

        async def both() -> bool:
            return bool(ada.noticed(other_port) and ben.noticed(port))

        await until(both)
        await asyncio.sleep(0.5)
    # Whoever else is on this machine's loopback, such as another worker of these tests, may be seen, too.
    assert not ada.noticed(port)
    assert not ben.noticed(other_port)
    five_seen, one_seen = ada.noticed(other_port)[-1], ben.noticed(port)[-1]
    heard = nearby.heard(nearby.Expected.of(nearby.BEACON, {"ada": BACK}, NOW), one_seen)
    assert heard == {"ada"}
    assert five_seen == nearby.decode_txt(five.texts)


async def test_where_there_is_no_such_network_it_waits_for_the_next(tmp_path: Path) -> None:
    found = Found(tmp_path)
    presence = Lan(found.context, found.called, found.seen.append, host="192.0.2.1")  # RFC 5737: nobody's
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(presence.run())
        presence.announce(shown(0))
        await asyncio.sleep(0.3)
        assert not running.done()
        assert (presence.name, presence.port) == ("", 0)
        running.cancel()


async def test_other_addresses_of_this_machine_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "WATCH_S", 0.01)
    addresses = iter([["10.0.0.1"], ["10.0.0.1"], ["10.0.0.2"], ["10.0.0.2"], []])
    changes: list[int] = []
    seen: list[list[str]] = []

    def look() -> list[str]:
        seen.append(next(addresses, []))
        return seen[-1]

    async def enough() -> bool:
        return len(seen) > 7

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(lan.watch(lambda: changes.append(len(seen)), look))
        await until(enough)
        running.cancel()
    assert changes == [3, 5]


# On two hosts

_NUMBERS = count()


async def run(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    _, err = await process.communicate()
    assert process.returncode == 0, f"{' '.join(words)}: {err.decode()}"


@pytest.fixture
def namespaces() -> None:
    missing = "" if shutil.which("ip") else "the command `ip` is missing: install the system package iproute2"
    if not missing and os.geteuid():
        missing = "network namespaces need root"
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)


@asynccontextmanager
async def two_hosts() -> AsyncIterator[tuple[str, str]]:
    """Two namespaces with a cable between them: 10.77.0.1 and 10.77.0.2."""
    mark = f"{os.getpid()}-{next(_NUMBERS)}"
    hosts = f"swarm-a-{mark}", f"swarm-b-{mark}"
    for host in hosts:
        await run("ip", "netns", "add", host)
    try:
        await run("ip", "-n", hosts[0], "link", "add", "v0", "type", "veth", "peer", "v1", "netns", hosts[1])
        for number, host in enumerate(hosts):
            await run("ip", "-n", host, "addr", "add", f"10.77.0.{number + 1}/24", "dev", f"v{number}")
            for device in ("lo", f"v{number}"):
                await run("ip", "-n", host, "link", "set", device, "up")
        yield hosts
    finally:
        for host in hosts:
            await run("ip", "netns", "del", host)


class Process:
    """`lan_main.py` on a host; `lines` is what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.lines = process, list[str]()

    async def says(self, start: str) -> str:
        """Wait for a line that starts so."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while not (found := [line for line in self.lines if line.startswith(start)]):
                line = await self.process.stdout.readline()
                assert line, f"it has ended after {self.lines}"
                self.lines.append(line.decode().strip())
        return found[0]


@asynccontextmanager
async def process(host: str, *words: object) -> AsyncIterator[Process]:
    made = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", host, sys.executable, str(MAIN), *map(str, words),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Process(made)
    finally:
        if made.returncode is None:
            made.kill()
        await made.communicate()


@pytest.mark.usefixtures("namespaces")
async def test_contacts_on_two_hosts_find_and_call_each_other_and_a_stranger_knows_nobody(
    tmp_path: Path,
) -> None:
    async with two_hosts() as (one, other), AsyncExitStack() as all_:
        secret, stranger = SECRET.hex(), ENTROPY(32).hex()
        ada = await all_.enter_async_context(
            process(one, "10.77.0.1", secret, ADA.hex(), BEN.hex(), tmp_path / "ada", "")
        )
        _, _, port, pin = (await ada.says("announced")).split()
        ben = await all_.enter_async_context(
            process(other, "10.77.0.2", secret, BEN.hex(), ADA.hex(), tmp_path / "ben", pin)
        )
        eve = await all_.enter_async_context(
            process(other, "10.77.0.2", stranger, EVE.hex(), ADA.hex(), tmp_path / "eve", pin)
        )
        assert await ben.says("other") == f"other 10.77.0.1:{port}"
        await ben.says("answered")
        await ada.says("called")
        assert (await ada.says("other")).startswith("other 10.77.0.2:")
        await eve.says("stranger")
        await ada.says("stranger")
        await asyncio.sleep(1)
        eve.process.kill()
        out, _ = await eve.process.communicate()
        said = [*eve.lines, *out.decode().split("\n")]
        assert not [line for line in said if line.startswith(("other", "answered", "called"))]
