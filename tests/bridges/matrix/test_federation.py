"""Two servers that know each other: the friend is on the other one, and what is said crosses between them."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from bridge_owner import ACCOUNT, owner_of
from bridge_suite import TalkSuite
from matrix_network import MatrixNetwork
from matrix_server import Synapse, started

from swarm_bridges.api import Actor, ConversationSeen, Gone
from swarm_bridges.networks.matrix.claims import FIELD

LONG = bool(os.environ.get("SWARMNODE_SOAK"))


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    server = started(tmp_path_factory.mktemp("far"))
    yield server
    server.stop()


@pytest.fixture
async def network(synapse: Synapse, far: Synapse) -> AsyncIterator[MatrixNetwork]:
    made = await MatrixNetwork.open(synapse, far)
    yield made
    await made.close()


class TestAcross:
    """Of the suite, what may be otherwise between two servers."""

    test_edits = TalkSuite.test_edits_go_both_ways
    test_files = TalkSuite.test_files_go_both_ways
    test_reactions = TalkSuite.test_reactions_are_sets_on_both_sides


async def test_somebody_elsewhere_is_written_to_first(network: MatrixNetwork) -> None:
    friend = network.client("friend")
    async with await owner_of(network) as owner:
        found = await owner.call("resolve", friend.user)
        assert found.name == network.names["friend"]
        made = await owner.call("open_direct", found.actor)
        room = made.conversation.remote_id
        await friend.until(lambda e: e["type"] == "invitation" and e["room_id"] == room)
        await friend.join(room, network.server.name)
        await friend.say(room, "who is there?")
        await owner.sees("who is there?")
        shown = [
            e
            for batch in owner.desk.of(ACCOUNT).batches
            for e in batch.events
            if isinstance(e, ConversationSeen) and e.conversation == made.conversation
        ][-1]
        assert (shown.kind, shown.title) == ("direct", network.names["friend"])
        here = {member.remote_id for member in shown.members or ()}
        assert here == {friend.user, network.server.user(network.names["owner"])}
        assert await owner.call("open_direct", found.actor) == shown


async def test_what_somebody_elsewhere_claims_is_read_from_their_server(network: MatrixNetwork) -> None:
    friend, claim = network.client("friend"), "swarm:1:" + "A" * 43
    async with await owner_of(network) as owner:
        assert (await owner.call("read_claims", Actor(friend.user))).claims == ()
        await friend.ask("PUT", f"/profile/{friend.user}/{FIELD}", json={FIELD: [claim]})
        seen = await owner.call("read_claims", Actor(friend.user))
        assert (seen.claims, seen.whole, seen.authentic, seen.where) == ((claim,), True, True, "profile")
        with pytest.raises(Gone):
            await owner.call("read_claims", Actor(network.other.user("nobody-at-all")))
        await owner.call("publish_claims", (claim,))
        path = f"/profile/{network.answers['address']}"
        assert (await friend.ask("GET", path))[FIELD] == [claim]
        await owner.call("publish_claims", ())
        assert FIELD not in await friend.ask("GET", path)


if LONG:  # servers take their time to try each other again

    async def test_what_is_said_while_the_other_server_is_gone_arrives_when_it_is_back(
        network: MatrixNetwork, far: Synapse
    ) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            await peer.say("before")
            await owner.sees("before")
            await asyncio.to_thread(far.stop, kill=True)
            await owner.say("are you there?")
            await asyncio.to_thread(far.start)
            await peer.say("back again")  # which lets the other server know that it is
            await owner.sees("back again")
            await peer.sees("are you there?")
            assert owner.runs == 1
