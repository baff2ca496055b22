"""SENDs that pass through another relay, and the addresses that a relay does not go to for anybody."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from mailbox_world import sending
from relay_world import Peer, pair, peer, served

from swarm_protocol import mailbox as mbx
from swarm_protocol.errors import CannotOpen
from swarm_protocol.mailbox import forward
from swarm_protocol.testing import SeededEntropy
from swarmnode.delivery.relay_role import RelayRole
from swarmnode.domain.net import is_public

ENTROPY = SeededEntropy("forwarding")


def record_of(role: RelayRole, at_it: Peer, made: mbx.Made) -> mbx.QueueRecord:
    session = at_it.caller.session
    return mbx.QueueRecord(role.address, role.pin, session.relay, at_it.caller.hpke, made.sid, bytes(32))


async def pass_on(by: Peer, own: mbx.Made, record: mbx.QueueRecord, body: mbx.Send | mbx.SKey) -> object:
    """Send through a relay, at which `own` is a queue of whoever sends."""
    sealer, sealed = mbx.seal_send(record, body, by.key, ENTROPY)
    said = await by.ask(mbx.PFwd(own.rid, record.address, record.pin, sealed))
    return mbx.open_forwarded(sealer, said, record, body) if isinstance(said, mbx.Answer) else said


async def test_a_send_through_another_relay_gets_its_receipt(tmp_path: Path) -> None:
    async with served(tmp_path / "near", allow_private=True) as near, served(tmp_path / "far") as far:
        near_tickets = (await near.tickets_link()).tickets()
        async with pair(far) as (ada, ben, made), peer("ben", near.address, near.pin) as at_near:
            record = record_of(far, ada, made)
            own = await at_near.new(near_tickets[0])
            first = await pass_on(at_near, own, record, sending(made.sid, 1, bucket=3))
            assert isinstance(first, mbx.Receipt)
            assert await ben.send(made.sid, 1, bucket=3) == first
            second = await pass_on(at_near, own, record, sending(made.sid, 2))
            assert isinstance(second, mbx.Receipt)
            gone = await pass_on(at_near, own, record, sending(mbx.SenderId(bytes(24)), 3))
            assert isinstance(gone, mbx.Error)
            assert gone.code is mbx.ErrorCode.GONE
            assert far.health().counters.connections == 3, "ada, ben, and one for all that was passed on"
            assert near.health().forwards_answered == 3


async def test_many_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    async with served(tmp_path / "near", allow_private=True) as near, served(tmp_path / "far") as far:
        near_tickets = (await near.tickets_link()).tickets()
        async with pair(far) as (ada, _, made), peer("ben", near.address, near.pin) as at_near:
            record, own = record_of(far, ada, made), await at_near.new(near_tickets[0])
            sealers: dict[int, tuple[forward.Sealer, mbx.Send]] = {}
            for number in range(40):
                body = sending(made.sid, number)
                sealer, sealed = mbx.seal_send(record, body, at_near.key, ENTROPY)
                at = await at_near.post(mbx.PFwd(own.rid, record.address, record.pin, sealed))
                sealers[at] = (sealer, body)
            receipts, busy = 0, 0
            for _ in range(40):
                number, said = mbx.read_answer(await at_near.link.receive())
                if isinstance(said, mbx.Error):
                    assert said.code is mbx.ErrorCode.BUSY
                    busy += 1
                    continue
                assert isinstance(said, mbx.Answer)
                sealer, body = sealers[number]
                receipt = mbx.open_forwarded(sealer, said, record, body)
                assert isinstance(receipt, mbx.Receipt)
                assert receipt.msg_id == body.msg_id
                receipts += 1
            assert (receipts, busy) == (32, 8) or receipts > 32


@pytest.mark.parametrize(
    "address", ["127.0.0.1:{}", "localhost:{}", "[::ffff:127.0.0.1]:{}", "nobody.invalid:1", "x"]
)
async def test_an_address_that_is_private_or_wrong_is_answered_busy(tmp_path: Path, address: str) -> None:
    """The far relay would answer, but nobody connects to it."""
    async with served(tmp_path / "near") as near, served(tmp_path / "far") as far:
        near_tickets = (await near.tickets_link()).tickets()
        async with peer("ben", near.address, near.pin) as ben:
            own = await ben.new(near_tickets[0])
            to = address.format(far.address.rpartition(":")[2])
            said = await ben.get(mbx.Error, mbx.PFwd(own.rid, to, far.pin, bytes(100)))
            assert said.code is mbx.ErrorCode.BUSY
        assert far.health().counters.connections == 0
        assert near.health().forwards_failed == 1


async def test_a_relay_that_is_gone_is_answered_busy_and_tried_again(tmp_path: Path) -> None:
    async with served(tmp_path / "near", allow_private=True) as near:
        near_tickets = (await near.tickets_link()).tickets()
        async with peer("ben", near.address, near.pin) as ben:
            own = await ben.new(near_tickets[0])
            async with served(tmp_path / "far") as far, pair(far) as (ada, _, made):
                record = record_of(far, ada, made)
                assert isinstance(await pass_on(ben, own, record, sending(made.sid, 1)), mbx.Receipt)
            for _ in range(2):
                said = await pass_on(ben, own, record, sending(made.sid, 2))
                assert isinstance(said, mbx.Error)
                assert said.code is mbx.ErrorCode.BUSY


async def test_the_relay_in_between_cannot_answer_itself(tmp_path: Path) -> None:
    async with served(tmp_path) as far, pair(far) as (ada, ben, made):
        record, body = record_of(far, ada, made), sending(made.sid, 1)
        sealer, sealed = mbx.seal_send(record, body, ben.key, ENTROPY)
        said = await ada.get(mbx.Answer, mbx.Fwd(sealed))
        forged = mbx.Answer(said.sealed[:-1] + bytes([said.sealed[-1] ^ 1]))
        with pytest.raises(CannotOpen):
            mbx.open_forwarded(sealer, forged, record, body)
        assert isinstance(mbx.open_forwarded(sealer, said, record, body), mbx.Receipt)


@pytest.mark.parametrize("address", ["9.9.9.9", "193.0.6.139", "2606:4700::1111", "64:ff9b::909:909"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("168.63.129.16", "192.0.0.192", "192.88.99.1", "3fff::1"),
        *("0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1"),
        *("192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.1.1.1"),
        *("240.0.0.1", "255.255.255.255"),
        *(
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:9.9.9.9",
            "64:ff9b::7f00:1",
            "64:ff9b::a01:203",
        ),
        *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:909:909::1"),
        *("fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1", "ff02::1"),
    ],
)
def test_addresses_that_are_not_public_or_hide_one(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
