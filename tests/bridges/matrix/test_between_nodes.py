"""What nodes say to each other through Matrix: bytes in rooms."""

import base64
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from matrix_network import MatrixNetwork
from matrix_peer import MESSAGE
from matrix_server import Synapse

from swarm_bridges.api import Accepted, MessageSeen, OpaqueSeen, Refused
from swarm_bridges.networks.matrix.convert import MAX_OPAQUE, OPAQUE
from swarm_bridges.text import to_plain

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


@pytest.fixture
async def network(synapse: Synapse) -> AsyncIterator[MatrixNetwork]:
    made = await MatrixNetwork.open(synapse)
    yield made
    await made.close()


async def opaque(owner: Owner, id_: str) -> OpaqueSeen:
    found: list[OpaqueSeen] = []

    def look(_: object) -> bool:
        batches = owner.desk.of(ACCOUNT).batches
        found[:] = [
            e for b in batches for e in b.events if isinstance(e, OpaqueSeen) and e.ref.remote_id == id_
        ]
        return bool(found)

    await owner.until(look)
    return found[-1]


@pytest.mark.parametrize("room", [{}, {"initial_state": [ENCRYPTION]}], ids=["open", "closed"])
async def test_bytes_of_the_largest_size_arrive_unchanged(synapse: Synapse, room: Any) -> None:
    network, blob = await MatrixNetwork.open(synapse, **room), os.urandom(MAX_OPAQUE)
    phone = network.client("friend")
    async with await owner_of(network) as owner:
        found = await owner.call("capabilities", network.conversation)
        assert (found.opaque_bytes, found.opaque_form) == (MAX_OPAQUE, "binary")
        out = owner.outgoing("a sentence " * 100)
        sent = await owner.call("send_opaque", out, blob)
        assert isinstance(sent, Accepted)
        seen = await opaque(owner, sent.refs[0].remote_id)
        assert (seen.blob == blob, seen.actor.is_owner, seen.ref) == (True, True, sent.refs[0])
        assert await owner.call("find_sent", out) == sent
        if not room:
            event = await phone.until(lambda e: e["event_id"] == sent.refs[0].remote_id)
            assert event["content"]["body"].startswith("a sentence a sentence")
            assert event["content"]["msgtype"] == "m.notice"
        page = await owner.call_page(network.conversation, None, 50)
        (past,) = [e for e in page.batch.events if isinstance(e, OpaqueSeen)]
        assert past.blob == blob
        assert not any(isinstance(e, MessageSeen) and e.ref == past.ref for e in page.batch.events)
        with pytest.raises(Refused):
            await owner.call("send_opaque", owner.outgoing("x"), blob + b"x")
    await network.close()


async def test_bytes_of_others_come_and_nonsense_is_a_message(network: MatrixNetwork) -> None:
    friend, room = network.client("friend"), network.conversation.remote_id
    said = {"msgtype": "m.notice", "body": "for another node"}
    async with await owner_of(network) as owner:
        good = await friend.send(room, MESSAGE, {**said, OPAQUE: base64.b64encode(b"\0\xff").decode()})
        seen = await opaque(owner, good)
        assert (seen.blob, seen.actor.remote_id) == (b"\0\xff", friend.user)
        await friend.send(room, MESSAGE, {**said, "body": "no base64", OPAQUE: "?"})
        await friend.send(room, MESSAGE, {**said, "body": "no text", OPAQUE: [1]})
        for words in ("no base64", "no text"):
            await owner.sees(words)
        assert "for another node" not in [
            to_plain(e.body)
            for b in owner.desk.of(ACCOUNT).batches
            for e in b.events
            if isinstance(e, MessageSeen)
        ]
