"""The suite of all bridges, in a shorter form, against servers that need no root.

They have no queue, and list mails twice that are put into a folder at once: what a crash and haste do is for
`test_suite`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from bridge_owner import owner_of
from bridge_suite import LineSuite, TalkSuite
from mail_network import MailNetwork
from mail_python import PythonMail, started

from swarm_bridges.networks.mail import session


@pytest.fixture(scope="module")
def python_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PythonMail]:
    server = started(tmp_path_factory.mktemp("python-mail"))
    yield server
    server.close()


async def test_a_server_that_lets_nobody_wait_is_noticed_when_it_goes(
    python_server: PythonMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MAX_WAITING", 0)  # as where connections are counted
    network = MailNetwork(python_server)
    peer = await network.peer()
    async with await owner_of(network) as owner:
        owner.desk.cut()
        await peer.say("are you there?")
        async with asyncio.timeout(session.POLL_S / 2):
            await owner.sees("are you there?")
    await network.close()


class TestChat(TalkSuite, LineSuite):
    test_edits_go_both_ways = None  # type: ignore[assignment]
    test_deletions_go_both_ways = None  # type: ignore[assignment]
    test_reactions_are_sets_on_both_sides = None  # type: ignore[assignment]
    test_the_past_comes_in_pages_without_a_gap = None  # type: ignore[assignment]
    test_two_clients_of_the_owner_talk_at_once = None  # type: ignore[assignment]
    test_a_server_that_restarts_loses_and_doubles_nothing = None  # type: ignore[assignment]

    @pytest.fixture
    async def network(self, python_server: PythonMail) -> AsyncIterator[MailNetwork]:
        if not python_server.runs():  # a test that failed left it so
            python_server.start()
        made = MailNetwork(python_server)
        yield made
        await made.close()
