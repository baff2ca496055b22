"""The suite of all bridges against Synapse."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bridge_owner import Journal, Lines, log_in, owner_of
from bridge_suite import LineSuite, TalkSuite
from matrix_network import MatrixNetwork
from matrix_server import Synapse

from swarm_bridges.api import Batch, LoginDone, Origin

LONG = bool(os.environ.get("SWARMNODE_SOAK"))
HISTORY = 5000 if LONG else 50


class TestRoom(TalkSuite, LineSuite):
    @pytest.fixture
    async def network(self, synapse: Synapse) -> AsyncIterator[MatrixNetwork]:
        made = await MatrixNetwork.open(synapse)
        yield made
        await made.close()

    @pytest.mark.timeout(1200 if LONG else 120)
    async def test_the_past_comes_in_pages_without_a_gap(self, network: Any) -> None:
        peer = await network.peer()
        said = [f"line {n}" for n in range(HISTORY)]
        for text in said:
            await peer.say(text)
        async with await owner_of(network) as owner:
            batches: list[Batch] = []
            at = None
            while True:
                page = await owner.call_page(network.conversation, at, 20)
                batches.insert(0, page.batch)
                if (at := page.next) is None:
                    break
            assert len(batches) > HISTORY // 20
            assert Journal(batches).texts(network.conversation) == said
            assert {event.origin for batch in batches for event in batch.events} == {Origin.HISTORY}

    @pytest.mark.parametrize("kill", [False, True] if LONG else [True])
    async def test_a_server_that_restarts_loses_and_doubles_nothing(
        self, network: Any, *, kill: bool
    ) -> None:
        await TalkSuite.test_a_server_that_restarts_loses_and_doubles_nothing(self, network, kill=kill)

    async def test_the_login_is_tried_before_it_is_kept(self, network: Any) -> None:
        """What is kept is a token: the password is nowhere."""
        done = await log_in(network, Lines(), network.answers)
        assert isinstance(done, LoginDone)
        assert set(done.secrets) == {"token"}
        assert network.answers["password"].encode() not in done.secrets.values()
        shown = repr(done) + str(done.settings)
        assert network.answers["password"] not in shown
        assert done.secrets["token"].decode() not in shown
