"""The owner on one server, the friend and the rooms on another: what goes across, and what cuts do."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from bridge_owner import ACCOUNT, owner_of
from bridge_suite import TalkSuite
from xmpp_federation import Federation
from xmpp_network import Hurried, XmppNetwork
from xmpp_server import Prosody, wanted

from swarm_bridges.api import Accepted, ConversationRef, DeliveryFailed, Event, Gone, OpaqueSeen
from swarm_bridges.networks.xmpp.opaque import MAX_OPAQUE


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    wanted(Prosody)
    made = Federation(tmp_path_factory.mktemp("federation"))
    made.start()
    yield made
    made.stop()


class DirectAcross:
    """Of the suite, what passes between servers."""

    test_two_clients = TalkSuite.test_two_clients_of_the_owner_talk_at_once


class RoomAcross:
    """The same for rooms."""

    test_edits = TalkSuite.test_edits_go_both_ways
    test_reactions = TalkSuite.test_reactions_are_sets_on_both_sides


class All(TalkSuite):
    """The long form. What is restarted below is the other server."""

    test_a_server_that_restarts_loses_and_doubles_nothing = None  # type: ignore[assignment]


LONG = bool(os.environ.get("SWARMNODE_SOAK"))


class TestDirect(All if LONG else DirectAcross):  # type: ignore[misc]
    @pytest.fixture
    async def network(self, pair: Federation) -> AsyncIterator[XmppNetwork]:
        made = XmppNetwork(pair.one, room=False, other=pair.two)
        yield made
        await made.close()


class TestRoom(All if LONG else RoomAcross):  # type: ignore[misc]
    @pytest.fixture
    async def network(self, pair: Federation) -> AsyncIterator[XmppNetwork]:
        made = XmppNetwork(pair.one, room=True, other=pair.two)
        yield made
        await made.close()


async def test_bytes_of_a_node_cross_servers(pair: Federation) -> None:
    network = XmppNetwork(pair.one, room=False, other=pair.two)
    other, blob = network.from_the_other_side(), os.urandom(MAX_OPAQUE)
    async with await owner_of(network) as owner, await owner_of(other) as friend:
        out = owner.outgoing("for a node")
        assert isinstance(await owner.call("send_opaque", out, blob), Accepted)

        def came() -> list[Event]:
            batches = friend.desk.of(ACCOUNT).batches
            return [
                e for batch in batches for e in batch.events if isinstance(e, OpaqueSeen) and e.blob == blob
            ]

        await friend.until(lambda _: bool(came()))
    await network.close()


@pytest.mark.parametrize("blob", [b"", b"for a node"])
async def test_what_another_server_does_not_take_is_told_when_it_says_so(
    pair: Federation, blob: bytes
) -> None:
    network = XmppNetwork(pair.one, room=False, other=pair.two)
    async with await owner_of(network) as owner:
        network.conversation = ConversationRef("nobody@two.test", private=True)
        out = owner.outgoing("anybody?")
        sent = None
        while sent is None:
            with suppress(Gone):  # the other server was quicker than our own
                sent = await (owner.call("send_opaque", out, blob) if blob else owner.call("send", out))
        assert isinstance(sent, Accepted)

        def failed() -> list[DeliveryFailed]:
            batches = owner.desk.of(ACCOUNT).batches
            return [e for batch in batches for e in batch.events if isinstance(e, DeliveryFailed)]

        await owner.until(lambda _: bool(failed()))
        reason = "nobody is there, or does not take messages"
        assert failed() == [DeliveryFailed(target=sent.refs[0], reason=reason, intent=out.intent)]
    await network.close()


async def restart(pair: Federation) -> None:
    await asyncio.to_thread(pair.two.stop, kill=True)
    await asyncio.to_thread(pair.two.start)


async def test_a_room_that_forgot_the_owner_is_entered_again(pair: Federation) -> None:
    network, clock = XmppNetwork(pair.one, room=True, other=pair.two), Hurried()
    try:
        peer = await network.peer()
        async with await owner_of(network, clock=clock) as owner:
            await peer.say("before")
            await owner.sees("before")
            await restart(pair)
            peer = await network.peer()
            await peer.say("nobody hears this")
            clock.hurry(owner)
            await owner.sees("nobody hears this")
            await peer.say("everybody hears this")
            await owner.sees("everybody hears this")
            assert owner.runs == 1
            texts = ["before", "nobody hears this", "everybody hears this"]
            assert owner.journal.texts(network.conversation) == texts
    finally:
        await network.close()


async def test_what_is_said_into_a_room_that_forgot_the_owner_is_said_when_it_is_entered(
    pair: Federation,
) -> None:
    network = XmppNetwork(pair.one, room=True, other=pair.two)
    try:
        await network.peer()
        async with await owner_of(network) as owner:
            await owner.say("one")
            await restart(pair)
            await owner.say("two")
            assert await (await network.peer()).archive() == ["one", "two"]
            assert owner.runs == 1
    finally:
        await network.close()
