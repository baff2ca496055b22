"""A relay on loopback, spoken to over real links."""

from __future__ import annotations

from pathlib import Path

from mailbox_world import msg_id, sending
from relay_world import pair, peer, served

from swarm_protocol import mailbox as mbx


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
