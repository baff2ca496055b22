"""What networks tell: any number of times, at any time, by anybody."""

from typing import Any

import pytest
from bridge_core_world import ADA, BEN, ME, ROOM, START, Core, ref, seen

from swarm_bridges import api
from swarm_bridges.document import Document, Paragraph, Quote, Text
from swarm_bridges.text import from_plain
from swarmnode.bridging.core import accounts
from swarmnode.errors import DiskFull
from swarmnode.storage.bridge_shelves import PARKED, SHELVED


def test_a_message_that_is_told_again_is_one_message() -> None:
    core = Core()
    core.tell(seen("1", "hello"), seen("1", "hello"), cursor=b"1")
    core.tell(seen("1", "hello"))
    assert core.sees() == ["hello"]
    assert core.views()[0].unread
    assert core.do(lambda step: accounts.cursor(step, core.account)) == b"1"


def test_another_revision_is_an_edit_and_an_old_one_that_comes_late_is_not() -> None:
    core = Core()
    core.tell(seen("1", "hallo", revision="1"), seen("1", "hello", revision="3"))
    core.tell(seen("1", "hullo", revision="2"), seen("1", "hallo", revision="1"))
    assert core.sees() == ["hello"]
    assert core.views()[0].edited
    core.tell(seen("1", "hey", revision="4"))
    assert core.sees() == ["hey"]


def test_revisions_that_are_no_numbers_count_as_they_come_but_each_once() -> None:
    core = Core()
    core.tell(seen("1", "a", revision="x"), seen("1", "b", revision="y"), seen("1", "a", revision="x"))
    assert core.sees() == ["b"]


def test_nobody_edits_or_takes_back_what_another_said() -> None:
    core = Core()
    core.tell(seen("1", "mine", ADA))
    core.tell(seen("1", "yours", BEN, revision="1"), api.MessageGone(target=ref("1"), actor=BEN))
    assert core.sees() == ["mine"]
    core.tell(seen("2", "the owner's", ME))
    core.tell(seen("2", "not the owner's", BEN, revision="1"), api.MessageGone(target=ref("2"), actor=BEN))
    assert core.sees() == ["mine", "the owner's"]


def test_whoever_moderates_takes_back_and_puts_no_words_into_others_mouths() -> None:
    core = Core()
    core.tell(
        api.ConversationSeen(conversation=ROOM, kind="group", moderators=frozenset({"ben"})),
        seen("1", "spam", ADA),
        seen("2", "Ada's words", ADA),
        seen("2", "what Ben would like", BEN, revision="1"),
        seen("3", "what Ben would like", BEN, aliases=("2",)),
        api.MessageGone(target=ref("1"), actor=BEN),
    )
    assert core.sees() == ["(deleted)", "Ada's words", "what Ben would like"]


def test_somebody_who_moved_is_the_same_if_both_ids_say_so() -> None:
    core = Core()
    core.tell(
        seen("1", "before", ADA),
        seen("2", "other", BEN),
        api.IdentityMoved(old="ada", new="ada2", proof="mutual"),
        api.IdentityMoved(old="ben", new="ben2", proof="claimed"),
        seen("1", "after", api.Actor("ada2"), revision="1"),
        seen("2", "taken over", api.Actor("ben2"), revision="1"),
    )
    assert core.sees() == ["after", "other"]


def test_what_was_taken_back_stays_so_whatever_comes_behind() -> None:
    core = Core()
    core.tell(seen("1", "secret word"), api.MessageGone(target=ref("1"), actor=ADA))
    core.tell(seen("1", "secret word"), seen("1", "again", revision="9"))
    core.tell(api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset("+")))
    assert core.sees() == ["(deleted)"]
    assert core.do(lambda step: step.tx.search.find("secret", 9)) == []


def test_a_deletion_that_comes_first_wins_if_its_actor_may() -> None:
    core = Core()
    core.tell(
        api.MessageGone(target=ref("1"), actor=ADA),
        api.MessageGone(target=ref("2"), actor=BEN),
        api.MessageGone(target=ref("3")),
    )
    core.tell(seen("1", "one"), seen("2", "two"), seen("3", "three"))
    assert core.sees() == ["two"]
    core.tell(seen("1", "one", revision="1"))
    assert core.sees() == ["two"]


def test_what_is_about_a_message_waits_for_it() -> None:
    core = Core()
    core.tell(
        api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset({"+1"})),
        api.MarksNow(target=ref("1"), mine=frozenset({"boost"}), counts={"boost": 3}),
        api.ReceiptMoved(up_to=ref("1"), actor=ME, read=True),
    )
    core.tell(seen("1", "at last"))
    (view,) = core.views()
    assert [symbol for _, symbol in view.reactions] == ["+1"]
    assert view.marks == ("boost",)
    assert not view.unread
    assert core.do(lambda step: PARKED.count(step.tx)) == 0


def test_what_waits_for_too_long_is_given_up() -> None:
    core = Core()
    core.tell(api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset({"+1"})))
    core.later(8 * 24 * 3600)
    core.crash()
    core.tell(seen("1", "late"))
    assert core.views()[0].reactions == ()


def test_reactions_are_those_of_now() -> None:
    core = Core()
    core.tell(seen("1", "hi"), api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset("ab")))
    core.tell(api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset("b")))
    core.tell(api.ReactionsNow(target=ref("1"), actor=ADA, values=frozenset("c")))
    assert sorted(symbol for _, symbol in core.views()[0].reactions) == ["b", "c"]
    core.tell(api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset()))
    assert [symbol for _, symbol in core.views()[0].reactions] == ["c"]


def test_the_order_is_the_networks() -> None:
    core = Core()
    core.tell(seen("3", "three", order="03"), seen("1", "one", order="01"), seen("2", "two", order="02"))
    assert core.sees() == ["one", "two", "three"]


def test_without_an_order_it_is_that_of_arrival_with_the_past_before() -> None:
    core = Core()
    past = api.Origin.HISTORY
    core.tell(seen("5", "five"), seen("6", "six"))
    core.tell(seen("3", "three", origin=past), seen("4", "four", origin=past))
    core.tell(seen("1", "one", origin=past), seen("2", "two", origin=past))
    assert core.sees() == ["one", "two", "three", "four", "five", "six"]
    assert [view.unread for view in core.views()] == [False] * 4 + [True] * 2


def test_what_a_page_of_the_past_shows_behind_what_is_there_is_new() -> None:
    def said(number: int, **more: Any) -> api.MessageSeen:
        return seen(str(number), str(number), remote_time=START - 60.0 + number, **more)

    core, past = Core(), api.Origin.HISTORY
    core.tell(said(3))
    core.tell(*(said(number, origin=past) for number in (0, 1, 3, 2, 4)))
    core.tell(said(4), said(5))
    assert core.sees() == ["0", "1", "2", "3", "4", "5"]
    assert [view.text for view in core.views() if view.unread] == ["3", "4", "5"]


def test_what_the_owner_has_read_elsewhere_is_read_also_if_it_comes_later() -> None:
    core = Core()
    core.tell(seen("1", "one", order="1"), seen("3", "three", order="3"), seen("4", "four", order="4"))
    core.tell(api.ReceiptMoved(up_to=ref("3"), actor=ME, read=True))
    core.tell(seen("2", "two", order="2", origin=api.Origin.CATCH_UP))
    assert [(view.text, view.unread) for view in core.views() if view.unread] == [("four", True)]


def test_times_are_shown_within_what_can_be() -> None:
    core = Core()
    for number, time in enumerate((float("nan"), -5.0, 1e300, START + 9e9, START - 60.0, None)):
        core.tell(seen(str(number), "x", remote_time=time))
    assert [view.wall_s for view in core.views()] == [START, START, START, START, START - 60, START]


def test_other_ids_of_a_message_lead_to_it() -> None:
    core = Core()
    core.tell(seen("1", "hello", aliases=("one", "eins")))
    core.tell(seen("eins", "hello!", revision="1"), api.MessageGone(target=ref("one"), actor=ADA))
    assert core.sees() == ["(deleted)"]


def test_an_alias_takes_no_other_message() -> None:
    core = Core()
    core.tell(seen("1", "ada's"), seen("2", "ben's", BEN, aliases=("1",)))
    assert core.sees() == ["ada's", "ben's"]


def test_hostile_events_lie_on_the_shelf_and_the_cursor_goes_on() -> None:
    core = Core()
    deep: Quote | Paragraph = Paragraph((Text("x"),))
    for _ in range(200):
        deep = Quote((deep,))
    core.tell(
        seen("1", "before"),
        seen("2" * 2_000, "long id"),
        seen("3", "x" * (1 << 20)),
        api.MessageSeen(ref=ref("4"), actor=ADA, body=Document((deep,))),
        seen("", "no id"),
        seen("5\ud800", "half a pair"),
        api.ReactionsNow(target=ref("1"), actor=BEN, values=frozenset(map(str, range(100)))),
        api.MarksNow(target=ref("7"), mine=frozenset(), counts={str(n): n for n in range(20_000)}),
        seen("6", "after"),
        cursor=b"8",
    )
    assert core.sees() == ["before", "after"]
    assert core.do(lambda step: SHELVED.count(step.tx)) == 7
    assert core.do(lambda step: accounts.cursor(step, core.account)) == b"8"


def test_unreadable_content_comes_later() -> None:
    core = Core()
    core.tell(
        api.MessageSeen(ref=ref("1"), actor=ADA, body=Document(), revision="0", unreadable="no keys yet")
    )
    assert (core.sees(), core.views()[0].reason) == (["(unreadable)"], "no keys yet")
    core.tell(api.MessageSeen(ref=ref("1"), actor=ADA, body=from_plain("here"), revision="1"))
    assert (core.sees(), core.views()[0].edited) == (["here"], False)


def test_what_is_about_a_message_may_come_in_the_same_batch_on_either_side() -> None:
    core = Core()
    thumb = frozenset({"+"})
    core.tell(
        seen("0", "plain"),
        seen("1", "first", aliases=("one",)),
        seen("one", "first, changed", revision="1"),
        seen("2", "plain too"),
        api.MessageGone(target=ref("3"), actor=ADA),
        seen("3", "never shown"),
        seen("4", "plain again"),
        api.ReactionsNow(target=ref("5"), actor=BEN, values=thumb),
        seen("5", "liked"),
        seen("6", "mine", ME, aliases=("six",)),
        seen("six", "mine, changed", ME, revision="1"),
    )
    said = ["plain", "first, changed", "plain too", "plain again", "liked", "mine, changed"]
    assert core.sees() == said
    assert [view.reactions != () for view in core.views()] == [text == "liked" for text in said]


def test_what_follows_two_that_turned_out_to_be_one_is_another() -> None:
    core = Core()
    core.say("mine")
    call = core.call()
    core.tell(seen("1", "mine", ME, remote_time=START))  # the network has shown it before the call returns
    (_, gone) = (view.id for view in core.views())
    core.settle(call, api.Accepted((ref("1"),)))
    core.tell(seen("2", "next", remote_time=START))
    assert core.sees() == ["mine", "next"]
    assert gone not in {view.id for view in core.views()}
    assert core.do(lambda step: SHELVED.count(step.tx)) == 0


def test_when_the_disk_is_full_nothing_is_taken_in_and_nothing_is_blamed() -> None:
    core = Core()
    core.tell(seen("0", "there"), cursor=b"before")
    with core.database.write() as tx:
        pages = tx.driver.execute("PRAGMA page_count").fetchone()[0]
        tx.driver.execute(f"PRAGMA max_page_count = {pages}")
    many = [seen(f"{number}", f"{number} " + "words " * 200) for number in range(1, 100)]
    with pytest.raises(DiskFull):
        core.tell(*many, cursor=b"after")
    assert core.sees() == ["there"]
    with core.database.write() as tx:
        tx.driver.execute(f"PRAGMA max_page_count = {pages + 1000}")
    core.tell(*many, cursor=b"after")
    assert len(core.sees()) == 100
    assert core.do(lambda step: SHELVED.count(step.tx)) == 0
