"""What of the suite of all bridges a network has that is only read, against a site over HTTP.

The site is a web server as any other is: no server of feeds exists but that. What the suite asks of those who
can speak is left out, and that nothing can be said is a test of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from bridge_owner import ACCOUNT, owner_of
from bridge_suite import DayOff, LineSuite, TalkSuite
from feeds_network import FeedNetwork
from feeds_site import Site


class TestFeeds:
    @pytest.fixture
    async def network(self) -> AsyncIterator[FeedNetwork]:
        async with Site().serving() as site:
            yield FeedNetwork(site)

    test_what_others_say_comes_once = TalkSuite.test_what_others_say_comes_once
    test_what_was_said_meanwhile = TalkSuite.test_what_was_said_meanwhile_comes_when_the_session_is_taken_up
    test_the_login_is_tried_before_it_is_kept = LineSuite.test_the_login_is_tried_before_it_is_kept
    test_a_wrong_password_leads_to_the_same_step = LineSuite.test_a_wrong_password_leads_to_the_same_step
    test_a_long_absence = LineSuite.test_what_was_said_during_a_long_absence_comes_from_the_past
    test_a_node_that_dies_before_the_commit = LineSuite.test_a_node_that_dies_before_the_commit_hears_it_again
    test_a_changed_password_is_asked_for = LineSuite.test_a_changed_password_is_asked_for
    test_a_deleted_account_stops_the_bridge = LineSuite.test_a_deleted_account_stops_the_bridge

    async def test_what_an_author_changes_is_an_edit(self, network: FeedNetwork) -> None:
        author = await network.peer()
        async with await owner_of(network) as owner:
            await author.say("two and two are five")
            await owner.sees("two and two are five")
            await author.edit("two and two are five", "two and two are four")
            journal = await owner.until(lambda j: "two and two are four" in j.texts(network.conversation))
            assert journal.texts(network.conversation) == ["two and two are four"]
            assert journal.refused == 0

    async def test_a_clock_that_is_a_day_off_changes_nothing(self, network: FeedNetwork) -> None:
        author = await network.peer()
        async with await owner_of(network, clock=DayOff()) as owner:
            await author.say("what time is it?")
            await owner.sees("what time is it?")

    async def test_no_log_and_no_state_holds_words_or_secrets(self, network: FeedNetwork) -> None:
        author = await network.peer()
        async with await owner_of(network) as owner:
            await author.say("words of few")
            await owner.sees("words of few")
            owner.desk.cut()
        account = owner.desk.of(ACCOUNT)
        told = repr((account.lines, account.health, account.cursor, account.values, repr(owner.bridge)))
        for word in ("words of few", network.answers["password"]):
            assert word not in told

    async def test_a_site_that_restarts_loses_nothing(self, network: FeedNetwork) -> None:
        author = await network.peer()
        async with Site().serving() as second:
            port = int(second.url.rpartition(":")[2])
        async with Site().serving(port) as site:
            moving = FeedNetwork(site)
            author = await moving.peer()
            async with await owner_of(moving) as owner:
                await author.say("before")
                await owner.sees("before")
                kept = owner.desk
        await author.say("while it was down")
        async with site.serving(port), await owner_of(moving, desk=kept) as owner:
            await owner.sees("while it was down")
            assert owner.journal.texts(moving.conversation) == ["before", "while it was down"]
