"""The suite of all bridges against Prosody, in a direct chat and in a room."""

from collections.abc import AsyncIterator

import pytest
from bridge_suite import LineSuite, TalkSuite
from xmpp_network import XmppNetwork
from xmpp_server import Server


class TestDirect(TalkSuite, LineSuite):
    @pytest.fixture
    async def network(self, prosody: Server) -> AsyncIterator[XmppNetwork]:
        made = XmppNetwork(prosody, room=False)
        yield made
        await made.close()


class TestRoom(TalkSuite):
    @pytest.fixture
    async def network(self, prosody: Server) -> AsyncIterator[XmppNetwork]:
        made = XmppNetwork(prosody, room=True)
        yield made
        await made.close()
