"""A relay on loopback, spoken to over real links: what it does, and what it does not let happen."""

from __future__ import annotations

import asyncio
import logging
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mailbox_world import msg_id, sending, signature_key
from relay_world import Peer, pair, peer, served, until

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import limits
from swarmnode.delivery import relay_door, relay_server, tls
from swarmnode.delivery.link import connect, split_address
from swarmnode.delivery.relay_door import DoorLimits
from swarmnode.delivery.relay_role import RelayOptions, RelayRole
from swarmnode.errors import ConfigError, InUse, StorageError, Unreachable, UsageError


async def test_every_command_over_the_wire(tmp_path: Path) -> None:
    async with served(tmp_path) as role:
        tickets = (await role.tickets_link()).tickets()
        async with pair(role) as (ada, ben, made):
            receipt = await ben.send(made.sid, 1)
            await ada.get(mbx.Done, mbx.Pull(made.rid, 0, 10))
            delivery = await ada.notice(mbx.Delivery)
            assert (delivery.n, delivery.msg_id, delivery.blob) == (1, msg_id(1), sending(made.sid, 1).blob)
            assert await ben.send(made.sid, 1) == receipt
            await ada.get(mbx.Done, mbx.Ack(made.rid, 1, msg_id(1)))
            await ben.send(made.sid, 2, bucket=3)
            assert (await ada.notice(mbx.Delivery)).n == 2
            assert (await ada.get(mbx.Info, mbx.QInfo(made.rid))).messages == 1
            assert (await ada.get(mbx.Info, mbx.Ext(made.rid))).open
            assert not (await ada.get(mbx.Info, mbx.Off(made.rid))).open
            await ada.get(mbx.Done, mbx.Del(made.rid))
            assert (await ben.get(mbx.Error, sending(made.sid, 3))).code is mbx.ErrorCode.GONE
        async with peer("ada", role.address, role.pin) as ada, peer("cem", role.address, role.pin) as cem:
            made = await ada.new(tickets[0], mbx.Kind.INVITE)
            await ada.subscribe(made.rid)
            slot = mbx.slot_id(b"k" * 32, role.pin)
            await ada.get(mbx.Done, mbx.Put(made.rid, slot, b"bundle"))
            assert (await cem.get(mbx.Bundle, mbx.Fetch(slot, cem.key.public))).bundle == b"bundle"
            assert (await ada.notice(mbx.Fetched)).key == cem.key.public


async def test_a_relay_is_the_same_after_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path) as role:
        before, tickets = role.pin, (await role.tickets_link()).tickets()
        async with pair(role) as (_, ben, made):
            receipt = await ben.send(made.sid, 1)
            relay = ben.caller.session.relay
    async with served(tmp_path) as role:
        assert role.pin == before
        async with peer("ben", role.address, role.pin) as ben, peer("ada", role.address, role.pin) as ada:
            assert ben.caller.session.relay == relay
            assert await ben.send(made.sid, 1) == receipt
            await ada.new(tickets[1])
            await ada.subscribe(made.rid, boot=2)
            await ada.get(mbx.Done, mbx.Pull(made.rid, 0, 10))
            assert (await ada.notice(mbx.Delivery)).msg_id == msg_id(1)


async def test_a_stop_answers_what_is_stored_and_says_goodbye(tmp_path: Path) -> None:
    role = RelayRole.open(tmp_path, RelayOptions("127.0.0.1", 0))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(role.run())
        async with pair(role) as (_, ben, made):
            for number in range(20):
                await ben.post(sending(made.sid, number))
            await ben.hear()
            running.cancel()
            receipts = 1 + len([frame async for frame in ben.link])
    async with served(tmp_path) as role, peer("ada", role.address, role.pin) as ada:
        info = await ada.get(mbx.Info, mbx.QInfo(made.rid))
        assert receipts <= info.messages <= 20


# The folder


async def test_only_the_owner_may_read_and_nothing_is_in_clear(tmp_path: Path) -> None:
    """Planted: a blob, and the keys of those who talk; read while it runs, and after."""
    folder = tmp_path / "relay"
    async with served(folder) as role:
        async with pair(role) as (ada, ben, made):
            await ben.send(made.sid, 0x5EC2E7, bucket=1)
            planted = [
                sending(made.sid, 0x5EC2E7).blob[:16],
                ada.key.public,
                ben.key.public,
                made.sid,
                made.rid,
            ]
        running = {path.name: path.read_bytes() for path in folder.iterdir()}
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(after) == {"keys", "certificate.pem", "relay.db"}
    for data in (*running.values(), *after.values()):
        assert not [marker for marker in planted if marker in data or marker.hex().encode() in data]
        assert b"127.0.0.1" not in data
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in ("keys", "certificate.pem")} == {0o600}


async def test_a_folder_that_is_in_use_or_damaged_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path):
        with pytest.raises(InUse):
            RelayRole.open(tmp_path, RelayOptions("127.0.0.1", 0))
    (tmp_path / "keys").write_bytes(b"damaged")
    with pytest.raises(StorageError, match="keys"):
        RelayRole.open(tmp_path, RelayOptions("127.0.0.1", 0))


async def test_a_port_that_is_taken_is_named_and_nothing_stays_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)):
            RelayRole.open(tmp_path, RelayOptions("127.0.0.1", port))
    RelayRole.open(tmp_path, RelayOptions("127.0.0.1", 0)).close()


async def test_the_link_names_the_public_address_and_needs_one(tmp_path: Path) -> None:
    role = RelayRole.open(tmp_path, RelayOptions("127.0.0.1", 0, "relay.example:443"))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(role.run())
        assert (await role.tickets_link()).at.address == "relay.example:443"
        running.cancel()
    with pytest.raises(UsageError):
        RelayRole.open(tmp_path, RelayOptions("127.0.0.1", 0, "relay.example"))
    everywhere = RelayRole.open(tmp_path, RelayOptions(port=0))
    with pytest.raises(ConfigError, match="address"):
        await everywhere.tickets_link()
    everywhere.close()


# Neighbours


async def flood(ben: Peer, made: mbx.Made, count: int, *, start: int = 0) -> None:
    for number in range(start, start + count):
        await ben.post(sending(made.sid, number))


async def test_a_flood_on_one_connection_delays_another_by_a_turn_or_two(tmp_path: Path) -> None:
    """Counted, not timed: how many of the flood's frames are taken between a question and its answer."""
    async with served(tmp_path) as role, pair(role) as (ada, ben, made):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(flood(ben, made, 1500))
            await ben.hear()
            overtaken, counters = list[tuple[int, int]](), role.health().counters
            while counters.answers < 1400 and len(overtaken) < 20:
                turns, frames = counters.turns, counters.frames
                await ada.get(mbx.Info, mbx.QInfo(made.rid))
                overtaken.append((counters.turns - turns, counters.frames - frames))
            for _ in range(1499):
                await ben.hear()
        assert len(overtaken) > 3, "the flood was over too early to say anything"
    turns_waited = sorted(turns for turns, _ in overtaken)
    assert turns_waited[len(turns_waited) // 2] <= 3
    assert max(frames for _, frames in overtaken) <= 4 * relay_server.GROUP


async def test_who_floods_is_told_busy_and_others_go_on(tmp_path: Path) -> None:
    async with served(tmp_path) as role, pair(role) as (ada, ben, made):
        wrong = signature_key("nobody")
        refused = 4 * limits.BURST // limits.REFUSAL_COST  # the budget fills again meanwhile
        async with asyncio.TaskGroup() as tasks:

            async def guess() -> None:
                for _ in range(refused):
                    ben.caller, data = ben.caller.ask(mbx.QInfo(made.rid), wrong)
                    await ben.link.send(data)

            tasks.create_task(guess())
            said = [(await ben.hear())[1] for _ in range(refused)]
        codes = [answer.code for answer in said if isinstance(answer, mbx.Error)]
        assert len(codes) == refused
        assert codes[0] is mbx.ErrorCode.GONE
        assert mbx.ErrorCode.BUSY in codes
        assert (await ada.get(mbx.Info, mbx.QInfo(made.rid))).messages == 0


async def test_a_full_queue_says_quota_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async with served(tmp_path) as role:
        tickets = (await role.tickets_link()).tickets()
        async with peer("ada", role.address, role.pin) as ada, peer("ben", role.address, role.pin) as ben:
            made = await ada.new(tickets[0], mbx.Kind.INVITE)
            await ada.subscribe(made.rid)
            await ben.get(mbx.Done, mbx.SKey(made.sid, ben.key.public))
            for number in range(limits.INVITE_MESSAGES):
                await ben.send(made.sid, number)
            full = await ben.get(mbx.Error, sending(made.sid, 99))
            assert full.code is mbx.ErrorCode.QUOTA
            await ada.get(mbx.Done, mbx.Ack(made.rid, 1, msg_id(0)))
            assert (await ben.send(made.sid, 99)).n == limits.INVITE_MESSAGES + 1


async def test_who_reads_slowly_gets_no_more_and_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ada asks for 16 MiB again and again and reads none of it; what waits for her stays bounded."""
    async with served(tmp_path) as role, pair(role) as (ada, ben, made):
        for number in range(64):
            await ben.send(made.sid, number, bucket=3)
        for _ in range(40):
            await ada.post(mbx.Pull(made.rid, 0, 64))
        server = role._server
        await until(lambda: server._waiting_bytes > relay_server.ENOUGH_BYTES)
        for number in range(64, 84):
            await ben.send(made.sid, number)
            assert server._waiting_bytes <= relay_server.MOST_BYTES
        assert role.health().connections == 2
        said = [(await ada.hear())[1] for _ in range(40 * 65)]  # now she reads, and nothing is missing
        assert sum(isinstance(one, mbx.Done) for one in said) == 40
        monkeypatch.setattr(relay_server, "MOST_BYTES", 100_000)
        await ada.post(mbx.Pull(made.rid, 0, 64))
        assert len([frame async for frame in ada.link]) < 64
        assert role.health().counters.slow_readers == 1
        await ben.send(made.sid, 100)


# The disk


async def said_to(who: Peer) -> AsyncIterator[object]:
    """All that somebody hears until his link ends."""
    async for frame in who.link:
        yield mbx.read_answer(frame)[1]


async def test_a_full_disk_refuses_what_is_new_and_lets_go_on_what_makes_room(tmp_path: Path) -> None:
    use = [0]
    async with served(tmp_path, disk=lambda: use[0]) as role:
        tickets = (await role.tickets_link()).tickets()
        async with pair(role) as (ada, ben, made):
            await ben.send(made.sid, 1)
            for percent, new, send in ((86, False, True), (93, False, False), (50, True, True)):
                use[0] = percent
                await role._server.submit(fx.Disk(percent))
                answer = await ada.ask(mbx.New(mbx.Kind.PAIR, ada.key.public, tickets[percent]))
                assert isinstance(answer, mbx.Made) is new
                assert isinstance(await ben.ask(sending(made.sid, percent)), mbx.Receipt) is send
                assert isinstance(await ada.ask(mbx.Pull(made.rid, 0, 1)), mbx.Done)
                await ada.notice(mbx.Delivery)


async def test_the_disk_is_looked_at(tmp_path: Path) -> None:
    async with served(tmp_path, disk=lambda: 97) as role:
        await role.tickets_link()
        assert role.health().counters.disk_percent == 97


async def test_a_store_that_fails_promises_nothing_and_recovers(tmp_path: Path) -> None:
    async with served(tmp_path) as role, pair(role) as (ada, ben, made):
        await ben.send(made.sid, 1)
        ((pages,),) = role._store._rows("PRAGMA page_count")
        role._store._db.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(2, 20):
            await ben.post(sending(made.sid, number, bucket=3))
        codes = [said.code async for said in said_to(ben) if isinstance(said, mbx.Error)]
        assert mbx.ErrorCode.INTERNAL in codes
        await until(lambda: role.health().counters.store_failures == 1)
        async with peer("ben", role.address, role.pin) as again:
            busy = await again.get(mbx.Error, sending(made.sid, 50))
            assert busy.code is mbx.ErrorCode.BUSY
            await role._server.submit(fx.Disk(10))
            await again.send(made.sid, 50)
        with pytest.raises(Unreachable):
            await ada.hear()


# The door


async def test_a_source_has_so_many_connections_and_no_more(tmp_path: Path) -> None:
    door = DoorLimits(per_source=2, per_minute=4, count_local=True)
    async with served(tmp_path, door=door) as role:
        async with connect(role.address, role.pin), connect(role.address, role.pin):
            with pytest.raises(Unreachable):
                async with connect(role.address, role.pin):
                    pass
        await until(lambda: not role.health().connections)
        for _ in range(2):
            async with connect(role.address, role.pin):
                pass
        with pytest.raises(Unreachable):
            async with connect(role.address, role.pin):
                pass
        assert role.health().turned_away == 2


async def test_who_does_not_finish_his_handshake_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_door, "HANDSHAKE_S", 0.2)
    async with served(tmp_path) as role:
        reader, writer = await asyncio.open_connection(*split_address(role.address))
        async with asyncio.timeout(30):
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
        writer.close()
        assert role.health().no_handshake == 1


@pytest.mark.parametrize("what", ["garbage", "replayed number", "text", "too large"])
async def test_a_broken_frame_ends_its_connection_and_no_other(tmp_path: Path, what: str) -> None:
    async with served(tmp_path) as role, pair(role) as (ada, ben, made):
        match what:
            case "garbage":
                await ben.link.send(b"\xff" * 64)
            case "replayed number":
                _, data = ben.caller.ask(sending(made.sid, 1), ben.key)
                await ben.link.send(data)
                await ben.link.receive()
                await ben.link.send(data)
            case "text":
                await ben.link._socket.send_str("hello")
            case _:
                await ben.link.send(bytes(limits.MAX_FRAME + 1))
        with pytest.raises(Unreachable):
            await ben.link.receive()
        assert (await ada.get(mbx.Info, mbx.QInfo(made.rid))).open


async def test_nothing_of_anybody_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All loggers at their lowest, and guests who do everything wrong."""
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(False)
    async with served(tmp_path) as role:
        host, port = split_address(role.address)
        async with pair(role) as (_, ben, made):
            await ben.send(made.sid, 1)
            await ben.link.send(b"\xff")
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(said)
            writer.write_eof()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1000)
            writer.close()
        context = tls.client_context(role.pin)
        for said in (b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=tls.NO_SNI
            )
            writer.write(said)
            assert (await reader.read()).split()[1] in {b"400", b"426"}
            writer.close()
    text = "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    for secret in (host, str(port), made.sid.hex(), made.rid.hex(), ben.key.public.hex(), repr(made.sid)):
        assert secret not in text
