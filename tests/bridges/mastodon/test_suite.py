"""The suite of all bridges: against snac2, the new version and of the old one what differs, and the fake.

The fake has what snac2 lacks: a stream, keys that are known again, and lists of conversations. The long form
is the whole suite with the old version too.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Journal, Lines, log_in, owner_of
from bridge_suite import LineSuite, TalkSuite
from mastodon_fake import FakeServer
from mastodon_network import MastodonNetwork
from mastodon_server import Snac

from swarm_bridges.api import Batch, LocalFile, NotSupported, Origin, Reacts, Step
from swarm_bridges.networks.mastodon.fake import Network

PICTURE = b"\x89PNG\r\n\x1a\nno more than its beginning"
LONG = bool(os.environ.get("SWARMNODE_SOAK"))
HISTORY = 5000 if LONG else 90


class Talk(TalkSuite):
    """What the network has otherwise than others: no reactions, pictures in place of files, no order."""

    async def test_reactions_are_sets_on_both_sides(self, network: Any) -> None:
        async with await owner_of(network) as owner:
            found = await owner.call("capabilities", network.conversation)
            assert "reaction" not in found.levels
            assert not isinstance(owner.bridge, Reacts)

    async def test_files_go_both_ways(self, network: Any) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            owner.desk.of(ACCOUNT).files["f1"] = PICTURE
            file = LocalFile(id="f1", name="bread.png", media_type="image/png", size_bytes=len(PICTURE))
            await owner.say("buy this", files=(file,))
            assert await peer.sees_file("bread.png") == PICTURE
            await peer.send_file("salt.png", PICTURE[::-1])
            journal = await owner.until(lambda j: any(s.files and not s.is_owner for s in j.shown.values()))
            (told,) = next(s.files for s in journal.shown.values() if s.files and not s.is_owner)
            assert (told.media_type, told.description) == ("image/png", "described")
            assert b"".join([c async for c in owner.bridge.fetch(owner.ctx, told)]) == PICTURE[::-1]

    @pytest.mark.timeout(1200 if LONG else 120)
    async def test_the_past_comes_in_pages_without_a_gap(self, network: Any) -> None:
        """The server takes some forty posts a second, each a file with a key to be signed.

        Of what comes from another server it has been seen to lose one of 1,250; what it has is what is told.
        """
        peer, other = await network.peer(), await network.other_client()
        said = [f"line {n}" for n in range(HISTORY)]
        for n, text in enumerate(said):
            await (other if n % 4 else peer).post(text)
        there = await other.archive()
        lost = {*said} - {*there}
        assert len(there) == len(said) - len(lost)
        assert lost <= {*said[::4]}
        assert len(lost) <= max(1, HISTORY // 1000)
        async with await owner_of(network) as owner:
            batches: list[Batch] = []
            at = None
            while True:
                page = await owner.call_page(network.conversation, at, 100)
                batches.insert(0, page.batch)
                if (at := page.next) is None:
                    break
            assert len(batches) > 2
            assert sorted(Journal(batches).texts(network.conversation)) == sorted(there)
            assert {event.origin for batch in batches for event in batch.events} <= {
                Origin.HISTORY,
                Origin.LIVE,
            }

    @pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
    async def test_a_server_that_restarts_loses_and_doubles_nothing(
        self, network: Any, *, kill: bool
    ) -> None:
        """At the owner's server all is there once. What it was about to deliver elsewhere, it may forget.

        Its lists are files that it writes without a lock: one that is killed in the middle has been seen to
        lack one of ten posts that it had answered for.
        """
        peer, other = await network.peer(), await network.other_client()
        async with await owner_of(network) as owner:
            await owner.say("first")

            async def restart() -> None:
                await asyncio.to_thread(network.stop, kill=kill)
                await asyncio.to_thread(network.start)

            async with asyncio.TaskGroup() as tasks:
                for n in range(10):
                    tasks.create_task(owner.say(f"line {n}"))
                await asyncio.sleep(0)
                tasks.create_task(restart())
            await owner.say("last")
            wanted = {"first", *(f"line {n}" for n in range(10)), "last"}
            here, there = await other.archive(), await peer.archive()
            assert len(here) == len(set(here)) >= len(wanted) - kill
            assert {"first", "last"} <= set(here) <= wanted
            assert len(there) == len(set(there))
            assert set(there) <= wanted


class TestNew(Talk, LineSuite):
    @pytest.fixture
    async def network(self, new_snac: Snac, far_snac: Snac) -> AsyncIterator[MastodonNetwork]:
        made = await MastodonNetwork.open(new_snac, far_snac)
        yield made
        await made.close()

    async def test_a_wrong_password_leads_to_the_same_step(self, network: Any) -> None:
        step = await log_in(network, Lines(), {**network.answers, "token": "not this"})
        assert isinstance(step, Step)
        assert (step.id, bool(step.error)) == ("server", True)
        assert "not this" not in str(step)


class TestFake(Talk, LineSuite):
    """What snac2 has not: a stream, keys, conversations."""

    test_the_past_comes_in_pages_without_a_gap = TalkSuite.test_the_past_comes_in_pages_without_a_gap

    @pytest.fixture
    async def network(self) -> AsyncIterator[FakeServer]:
        made = Network()
        async with made.serving():
            yield FakeServer(made)

    async def test_files_go_both_ways(self, network: Any) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            owner.desk.of(ACCOUNT).files["f1"] = PICTURE
            file = LocalFile(id="f1", name="bread.png", media_type="image/png", size_bytes=len(PICTURE))
            await owner.say("buy this", files=(file,))
            assert await peer.sees_file("bread.png") == PICTURE

    async def test_a_wrong_password_leads_to_the_same_step(self, network: Any) -> None:
        step = await log_in(network, Lines(), {**network.answers, "token": "not this"})
        assert isinstance(step, Step)
        assert (step.id, bool(step.error)) == ("server", True)


class Some:
    """Of the suite, what versions differ in."""

    test_what_others_say = Talk.test_what_others_say_comes_once
    test_what_the_owner_says = Talk.test_what_the_owner_says_is_there_once_on_both_sides
    test_edits = Talk.test_edits_go_both_ways
    test_replies = Talk.test_replies_name_what_they_answer
    test_files = Talk.test_files_go_both_ways
    test_a_changed_password = LineSuite.test_a_changed_password_is_asked_for
    test_a_deleted_account = LineSuite.test_a_deleted_account_stops_the_bridge


class All(Talk, LineSuite):
    """The long form."""

    async def test_deletions_go_both_ways(self, network: Any) -> None:
        """Below: there are none by this version's interface."""

    async def test_a_wrong_password_leads_to_the_same_step(self, network: Any) -> None:
        await TestNew.test_a_wrong_password_leads_to_the_same_step(TestNew(), network)


Suite: type = All if LONG else Some


class TestOld(Suite):  # type: ignore[misc]
    """The owner's server is the old version."""

    @pytest.fixture
    async def network(self, old_snac: Snac, far_snac: Snac) -> AsyncIterator[MastodonNetwork]:
        made = await MastodonNetwork.open(old_snac, far_snac)
        yield made
        await made.close()

    async def test_posts_are_not_deleted_but_their_deletion_is_seen(self, network: Any) -> None:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            ref = await owner.say("this stays")
            assert "delete" not in (await owner.call("capabilities", network.conversation)).levels
            with pytest.raises(NotSupported):
                await owner.call("delete", ref, "delete-1")
            await peer.say("I did not say this")
            shown = await owner.sees("I did not say this")
            await peer.delete("I did not say this")
            await owner.until(lambda j: bool((s := j.find(shown.ref)) and s.gone))
