"""Bytes between two nodes through a direct chat, and what ordinary clients make of them."""

import os
from collections.abc import AsyncIterator

import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from xmpp_network import XmppNetwork

from swarm_bridges.api import (
    Accepted,
    Event,
    IntentId,
    MessageSeen,
    NotSupported,
    OpaqueSeen,
    Origin,
    Outgoing,
    Refused,
    Rendered,
)
from swarm_bridges.networks.xmpp import opaque, stanzas
from swarm_bridges.text import from_plain

SENTENCE = "This is for a node of Ada's, and no words."


@pytest.fixture(params=["prosody", "ejabberd"])
async def network(request: pytest.FixtureRequest) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(request.getfixturevalue(request.param), room=False)
    yield made
    await made.close()


def told(owner: Owner) -> list[Event]:
    return [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]


async def brought(owner: Owner, blob: bytes) -> OpaqueSeen:
    """The event with these bytes, now or soon."""

    def find() -> OpaqueSeen | None:
        return next((e for e in told(owner) if isinstance(e, OpaqueSeen) and e.blob == blob), None)

    await owner.until(lambda _: find() is not None)
    found = find()
    assert found is not None
    return found


def carrying(network: XmppNetwork, protect: str = "") -> Outgoing:
    intent = IntentId(f"i{os.urandom(8).hex()}")
    part = Rendered(from_plain(SENTENCE), SENTENCE)
    return Outgoing(
        intent=intent,
        key=intent,
        attempt=1,
        conversation=network.conversation,
        parts=(part,),
        protect=protect,
    )


async def test_as_many_as_fit_pass_from_node_to_node(network: XmppNetwork) -> None:
    other, desk = network.from_the_other_side(), await network.peer()
    async with await owner_of(network) as owner, await owner_of(other) as friend:
        can = await owner.call("capabilities", network.conversation)
        blob = os.urandom(can.opaque_bytes)
        out = carrying(network)
        sent = await owner.call("send_opaque", out, blob)
        assert isinstance(sent, Accepted)
        assert sent == await owner.call("find_sent", out)
        seen = await brought(friend, blob)
        assert (seen.ref.conversation, seen.actor.remote_id) == (
            other.conversation,
            network.answers["address"],
        )
        assert (seen.actor.is_owner, seen.ref.remote_id) == (False, sent.refs[0].remote_id)
        shown = await desk.client.until(lambda m: m["body"] == SENTENCE)
        assert [mark["for"] for mark in shown["fallbacks"]] == ["urn:swarmnode:opaque:1"]
        with pytest.raises(Refused):
            await owner.call("send_opaque", carrying(network), blob + b"!")
        assert not [e for e in (*told(owner), *told(friend)) if isinstance(e, MessageSeen)]


async def test_what_came_meanwhile_and_what_the_owner_sent_is_in_the_archive(network: XmppNetwork) -> None:
    other, first, later = network.from_the_other_side(), os.urandom(999), os.urandom(999)
    async with await owner_of(network) as owner, await owner_of(other) as friend:
        await owner.call("send_opaque", carrying(network), first)
        await brought(friend, first)
        friend.desk.down = True
        friend.desk.cut()
        await owner.call("send_opaque", carrying(network), later)
        friend.desk.down = False
        assert not (await brought(friend, later)).actor.is_owner
        past = await owner.call_page(network.conversation, None, 10)
        own = {e.blob: e for e in past.batch.events if isinstance(e, OpaqueSeen)}
        assert set(own) == {first, later}
        assert all(e.actor.is_owner and e.origin is Origin.HISTORY for e in own.values())


async def test_a_copy_of_what_the_owners_other_node_sent(network: XmppNetwork) -> None:
    phone, blob = await network.other_client(), os.urandom(99)
    async with await owner_of(network) as owner, await owner_of(network.from_the_other_side()) as friend:
        said = stanzas.message(phone.jid, "chat", f"other-{blob.hex()}", opaque.carrying(blob, SENTENCE))
        phone.client.send(phone.client.Message(xml=said))
        assert (await brought(owner, blob)).actor.is_owner
        assert not (await brought(friend, blob)).actor.is_owner


async def test_where_it_is_not_possible_nothing_leaves(network: XmppNetwork) -> None:
    async with await owner_of(network) as owner:
        with pytest.raises(NotSupported):
            await owner.call("send_opaque", carrying(network, protect="omemo"), b"1")
        assert (await owner.call("capabilities", None)).opaque_bytes
