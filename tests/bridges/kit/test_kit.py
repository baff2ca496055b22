from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from swarm_bridges.api import AccountId, Batch, Conflict, Cursor, Needs, Refused
from swarm_bridges.testing import (
    CHECKS,
    FaultProxy,
    MemoryDesk,
    Subject,
    Tier,
    grade,
    new_world,
    report,
    run_checks,
    up_to,
)
from swarm_bridges.testing.demo_network import DemoNetwork
from swarm_bridges.testing.platinum import rounds
from swarm_bridges.testing.runner import Result

DEMO = Subject.of("swarm_bridges.networks.demo")
ADA = AccountId("a1")


async def test_the_demo_stands_random_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swarm_bridges.testing.world.PATIENCE_S", 30.0)
    async with new_world(DEMO) as world:
        await rounds(world, random.Random(7), 2.0, seed=7)


async def test_the_demo_would_be_platinum_after_a_day() -> None:
    results = await run_checks(DEMO, [one for one in CHECKS.values() if one.tier is Tier.PLATINUM])
    failures = {result.check.name: result.failure for result in results if not result.passed}
    assert set(failures) == {"soak"}
    assert "SWARMNODE_SOAK_S=86400" in failures["soak"]


def result(name: str, failure: str = "", missing: tuple[str, ...] = ()) -> Result:
    return Result(CHECKS[name], failure, missing)


def test_a_tier_needs_all_of_its_checks_and_of_those_below() -> None:
    good = [result(one.name) for one in up_to(Tier.GOLD)]
    assert grade(good) is Tier.GOLD
    assert grade([result("receives"), result("reauth", "no")]) is Tier.BRONZE
    assert grade([result("receives", "no"), result("reauth")]) is None
    assert grade([result("reauth")]) is None, "nobody has looked at bronze"
    told = report(
        DEMO, [result("receives"), result("reauth", "it asks\nmore"), result("edits", missing=("edit",))]
    )
    assert "FAIL silver    reauth" in told
    assert "Demo is bronze." in told
    assert "For silver it lacks: reauth." in told


async def test_a_batch_is_there_whole_or_not_at_all() -> None:
    desk = MemoryDesk()
    for point, kept in (("ingest.before", None), ("ingest.after", b"7")):
        desk.fail_at(point)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await desk.ingest(ADA, Batch((), Cursor(b"7")))
        assert desk.accounts[ADA].dead.is_set()
        assert await desk.cursor(ADA) == kept
        desk.accounts[ADA].dead.clear()


async def test_secrets_are_replaced_by_who_knows_the_last_ones() -> None:
    desk = MemoryDesk()
    assert await desk.secrets_put(ADA, {"token": b"sesame"}, 0) == 1
    with pytest.raises(Conflict):
        await desk.secrets_put(ADA, {"token": b"two"}, 0)
    secret = await desk.secret(ADA, "token")
    assert secret is not None
    assert secret.value == b"sesame"
    assert b"sesame".decode() not in repr(desk.accounts)


async def test_nothing_leaves_the_machine() -> None:
    with pytest.raises(Refused):
        await MemoryDesk().connect(ADA, "192.0.2.1", 443)


async def test_the_control_port_steers_the_network() -> None:
    network = DemoNetwork()
    async with network.control() as url, aiohttp.ClientSession() as client:
        await client.post(f"{url}/say", json={"text": "from elsewhere"})
        await client.post(f"{url}/fault", json={"kind": "status", "on": "act", "status": 503})
        async with client.get(f"{url}/said/r1") as reply:
            assert [message["text"] for message in await reply.json()] == ["from elsewhere"]
        async with client.post(f"{url}/session", json={"user": "olga"}) as reply:
            assert reply.status == 404, "only verbs of the list can be called"
    assert network.faults.waiting[0].status == 503


@pytest.mark.parametrize(
    ("kind", "options", "seen"),
    [
        ("status", {"status": 429, "value": 3}, "429 3"),
        ("drop", {}, "broken"),
        ("reset", {}, "broken"),
        ("half", {}, "broken"),
        ("garbage", {}, "garbage"),
        ("delay", {"value": 0.01}, "200"),
        ("delay_answer", {"value": 0.01}, "200"),
    ],
)
async def test_each_fault_is_seen_by_clients_once(kind: str, options: dict[str, Any], seen: str) -> None:
    network = DemoNetwork()
    async with network.serving() as url, aiohttp.ClientSession() as client:
        asked = {"user": "olga", "password": network.passwords["olga"]}
        fault = network.faults.add(kind, **options)

        async def ask() -> str:
            try:
                async with client.post(f"{url}/login", json=asked) as reply:
                    body = await reply.read()
                    if reply.status != 200:
                        return f"{reply.status} {reply.headers.get('Retry-After')}"
                    return "200" if body.startswith(b'{"ticket"') else "garbage"
            except aiohttp.ClientError:
                return "broken"

        assert await ask() == seen
        assert fault.hits == 1
        assert await ask() == "200"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(1000):
            writer.write(piece)
            await writer.drain()
        writer.write(b"bye")
        await writer.drain()
    writer.close()


async def test_the_proxy_breaks_lines() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, FaultProxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:

        async def line() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            return await asyncio.open_connection(*proxy.address)

        reader, writer = await line()
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        proxy.hold()
        writer.write(b"later")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.readexactly(5)
        proxy.resume()
        assert await reader.readexactly(5) == b"later"
        proxy.half_close()
        assert await reader.read() == b""
        proxy.cut()
        writer.close()

        proxy.reset_after = proxy.received + 3
        reader, writer = await line()
        writer.write(b"123456")
        with pytest.raises(ConnectionError):
            await reader.readexactly(6)
        writer.close()

        proxy.refusing = True
        reader, writer = await line()
        writer.write(b"1")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


@pytest.mark.parametrize(
    "line", ["import socket", "from time import time", "import asyncio\nasyncio.sleep(1)"]
)
async def test_what_does_not_come_from_the_context_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "account.py").write_text(line)
    (found,) = await run_checks(replace(DEMO, folder=tmp_path), [CHECKS["injected"]])
    assert found.failure.startswith("account.py uses ")


async def test_asking_for_the_whole_world_is_found() -> None:
    wide = msgspec.structs.replace(DEMO.manifest, needs=Needs(egress=("any",)))
    (found,) = await run_checks(replace(DEMO, manifest=wide), [CHECKS["narrow"]])
    assert found.failure == "it wants to reach everybody"


async def test_a_manifest_for_another_contract_is_found() -> None:
    later = msgspec.structs.replace(DEMO.manifest, api="2")
    (found,) = await run_checks(replace(DEMO, manifest=later), [CHECKS["manifest"]])
    assert found.failure == "it was made for version 2"


async def test_a_feature_that_nobody_described_is_found(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text((DEMO.folder / "README.md").read_text().replace("`opaque`", "opaque"))
    (found,) = await run_checks(replace(DEMO, folder=tmp_path), [CHECKS["documents"]])
    assert found.failure == "`opaque` is not described"
