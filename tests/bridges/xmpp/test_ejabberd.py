"""The second opinion: the same suite against ejabberd. The long form is all of it."""

import os
from collections.abc import AsyncIterator

import pytest
from bridge_suite import LineSuite, TalkSuite
from xmpp_network import XmppNetwork
from xmpp_server import Server


class Some:
    """Of the suite, what servers differ in."""

    test_what_the_owner_says = TalkSuite.test_what_the_owner_says_is_there_once_on_both_sides
    test_deletions = TalkSuite.test_deletions_go_both_ways
    test_reactions = TalkSuite.test_reactions_are_sets_on_both_sides
    test_the_session_is_taken_up = TalkSuite.test_what_was_said_meanwhile_comes_when_the_session_is_taken_up


class All(TalkSuite, LineSuite):
    """The long form, without restarts: ejabberd says that it has something before that is on its disk."""

    test_a_server_that_restarts_loses_and_doubles_nothing = None  # type: ignore[assignment]


Suite: type = All if os.environ.get("SWARMNODE_SOAK") else Some


class TestDirect(Suite):  # type: ignore[misc]
    @pytest.fixture
    async def network(self, ejabberd: Server) -> AsyncIterator[XmppNetwork]:
        made = XmppNetwork(ejabberd, room=False)
        yield made
        await made.close()


class TestRoom(Suite):  # type: ignore[misc]
    @pytest.fixture
    async def network(self, ejabberd: Server) -> AsyncIterator[XmppNetwork]:
        made = XmppNetwork(ejabberd, room=True)
        yield made
        await made.close()
