"""Bytes of nodes in direct posts of real servers, and what an ordinary client shows of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from mastodon_network import MastodonNetwork
from mastodon_peer import words_of
from mastodon_server import Snac

from swarm_bridges import armour
from swarm_bridges.api import (
    Accepted,
    ConversationRef,
    IntentId,
    MessageSeen,
    NotSupported,
    OpaqueSeen,
    Outgoing,
    Refused,
    Rendered,
)
from swarm_bridges.networks.mastodon.convert import HOME
from swarm_bridges.text import from_plain

SENTENCE = "A private message. It is for a program of the other side."
BLOB = bytes(range(200))


@pytest.fixture
async def network(new_snac: Snac, far_snac: Snac) -> AsyncIterator[MastodonNetwork]:
    made = await MastodonNetwork.open(new_snac, far_snac)
    yield made
    await made.close()


def opaque(owner: Owner) -> list[OpaqueSeen]:
    events = (event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events)
    return [event for event in events if isinstance(event, OpaqueSeen)]


async def carry(owner: Owner, conversation: ConversationRef, blob: bytes, name: str = "i1") -> Any:
    out = Outgoing(
        intent=IntentId(name),
        key=name,
        attempt=1,
        conversation=conversation,
        parts=(Rendered(from_plain(SENTENCE), SENTENCE),),
    )
    return await owner.bridge.send_opaque(owner.ctx, out, blob)


async def test_bytes_go_as_a_direct_post_that_says_what_it_is_and_come_back_as_bytes(
    network: MastodonNetwork,
) -> None:
    friend = network.client(network.friend)
    async with await owner_of(network) as owner:
        can = await owner.call("capabilities", network.conversation)
        assert (can.opaque_form, can.levels["opaque"]) == ("text", 2)
        blob = bytes(n % 256 for n in range(can.opaque_bytes))
        sent = await carry(owner, network.conversation, blob)
        assert isinstance(sent, Accepted)
        status = await friend.until(lambda s: SENTENCE in words_of(s))
        assert status["visibility"] == "direct"
        assert armour.opened(status["content"]) == blob
        with pytest.raises(Refused):
            await carry(owner, network.conversation, bytes(200_000), "i2")
        with pytest.raises(NotSupported):
            await carry(owner, HOME, BLOB, "i3")

        me = network.owner
        text = armour.armoured(BLOB, SENTENCE)
        await friend.say(f"@{me.name}@{me.server.host} {text}", visibility="direct")
        await owner.until(lambda _: any(event.blob == BLOB for event in opaque(owner)))
        (came,) = [event for event in opaque(owner) if event.blob == BLOB]
        assert came.ref.conversation == network.conversation
        assert not came.actor.is_owner
        words = [e for b in owner.desk.of(ACCOUNT).batches for e in b.events if isinstance(e, MessageSeen)]
        assert all("swarm1" not in str(said.body) for said in words)


async def test_bytes_in_public_are_words_like_any(network: MastodonNetwork) -> None:
    friend = network.client(network.friend)
    async with await owner_of(network) as owner:
        await friend.say(armour.armoured(BLOB, "look at this noise"))
        await friend.say("and done")
        await owner.sees("and done")
        assert opaque(owner) == []
