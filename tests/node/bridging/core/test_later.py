"""What is said for later: it waits here alone, leaves at its time, and can be taken back without a trace."""

from dataclasses import replace

import pytest
from later_world import LaterWorld

from swarm_bridges import api
from swarmnode.api.node import Posting
from swarmnode.app import posting
from swarmnode.bridging.core import accounts, later, unsaid
from swarmnode.domain.words import File
from swarmnode.errors import Conflict, NotFound, NotReady, UsageError
from swarmnode.services import contacts
from swarmnode.storage.later_shelves import LATER
from swarmnode.storage.shelves import AUTHORS, MESSAGES, OUTBOX

HOUR, DAY = 3600, 86_400


@pytest.fixture(name="here")
def a_world() -> LaterWorld:
    return LaterWorld()


def ours(here: LaterWorld) -> int:
    """Links in the chain of our own messages."""
    return here.ada.do(
        lambda step: sum(
            a.next_seq for a in AUTHORS.all(step.tx) if a.leaf_sig == here.ada.node.me.author.leaf_sig
        )
    )


def test_it_leaves_at_its_time_and_not_before(here: LaterWorld) -> None:
    before = ours(here)
    said = here.say("good morning", here.now + HOUR)
    here.run(HOUR - 5)
    (waits,) = here.waits()
    assert (waits.message, waits.state, waits.text, waits.title) == (said, "scheduled", "good morning", "ben")
    assert (here.ben.sees(), ours(here)) == ([], before), "no place in a chain, nothing in an outbox"
    here.run(10)
    assert here.ben.sees() == ["good morning"]
    assert here.waits() == []
    assert here.do(unsaid.message, said).state == "delivered"


def test_it_stands_in_the_chain_where_it_leaves(here: LaterWorld) -> None:
    here.say("second", here.now + 60)
    here.ada.say("first")
    here.run(65)
    assert here.ben.sees() == ["first", "second"]
    assert here.ada.sees() == ["first", "second"]


def test_an_edit_before_it_leaves_is_none_for_others(here: LaterWorld) -> None:
    said = here.say("wrong", here.now + 60)
    before = here.ada.do(lambda step: MESSAGES.count(step.tx))
    assert here.do(unsaid.edit, said, "right").text == "right"
    here.run(65)
    assert here.ben.sees() == ["right"]
    assert here.ada.do(lambda step: MESSAGES.count(step.tx)) == before + 1
    assert not here.do(unsaid.message, said).edited


def test_taken_back_it_leaves_no_trace(here: LaterWorld) -> None:
    before = ours(here)
    files = (File("a.txt", "text/plain", b"secret bytes"),)
    said = here.say("never mind", here.now + 8, attachments=files)
    bodies = here.ada.do(lambda step: LATER.all(step.tx))[0].body_id
    view = here.do(unsaid.cancel, said)
    assert (view.kind, view.text) == ("deleted", "never mind"), "for the draft"
    here.run(60)
    assert (here.ben.sees(), here.ada.sees(), here.waits(), ours(here)) == ([], [], [], before)
    assert here.ada.do(lambda step: OUTBOX.count(step.tx)) == 0
    assert here.ada.do(lambda step: step.tx.bodies.get(bodies or 0)) is None, "shredded, as bodies are"
    with pytest.raises(Conflict):
        here.do(unsaid.cancel, said)


def test_what_has_left_is_not_taken_back(here: LaterWorld) -> None:
    said = here.say("gone", here.now + 8)
    here.run(12)
    for wish in (unsaid.cancel, lambda step, node, it: later.edit(step, node, it, "x")):
        with pytest.raises(Conflict):
            here.do(wish, said)
    with pytest.raises(Conflict):
        here.do(later.move, said, 0)


def test_it_survives_a_restart_and_leaves_at_once_where_it_is_late(here: LaterWorld) -> None:
    here.say("one", here.now + HOUR)
    here.say("two", here.now + DAY)
    here.world.run(2 * HOUR)  # the node is off, or locked
    here.start_again()
    here.run(1)
    assert here.ben.sees() == ["one"]
    assert [item.text for item in here.waits()] == ["two"]


def test_another_time_or_now(here: LaterWorld) -> None:
    said = here.say("soon", here.now + HOUR)
    assert here.do(later.move, said, here.now + 2 * HOUR).send_at == here.now + 2 * HOUR
    here.run(HOUR + 60)
    assert here.ben.sees() == []
    here.do(unsaid.resend, said)
    here.run(2)
    assert here.ben.sees() == ["soon"]


def test_times_that_are_none(here: LaterWorld) -> None:
    for at in (here.now - 61, here.now + 367 * DAY):
        with pytest.raises(UsageError):
            here.say("x", at)
    here.say("just over", here.now - 30)
    here.say("a year", here.now + 366 * DAY)
    here.run(1)
    assert here.ada.sees() == ["just over"]
    assert [item.text for item in here.waits()] == ["a year"]


def test_what_cannot_be_said_now_is_refused_now(here: LaterWorld) -> None:
    with pytest.raises(UsageError):
        here.say("  ", here.now + 60)
    with pytest.raises(NotFound):
        here.say("x", here.now + 60, chat="99")
    with pytest.raises(NotFound):
        here.say("x", here.now + 60, reply_to="00" * 32)
    with pytest.raises(UsageError):
        here.say("x", here.now + 60, attachments=(File("a", "a/b", bytes(300_000)),))
    here.do(contacts.block, "1", on=True)
    with pytest.raises(NotReady):
        here.say("x", here.now + 60)
    assert here.waits() == []


def test_a_short_wait_counts_in_elapsed_time_whatever_the_clock_does(here: LaterWorld) -> None:
    for jump in (-HOUR, -DAY):
        here.say("undo me", here.now + 8)
        here.due()
        here.world.wall_s += jump
        here.run(9)
    assert here.ben.sees() == ["undo me"] * 2


def test_after_a_jump_ahead_nothing_long_leaves_for_a_minute(here: LaterWorld) -> None:
    here.say("tomorrow", here.now + DAY)
    here.due()
    here.world.wall_s += 2 * DAY
    here.run(30)
    assert here.ben.sees() == []
    here.world.wall_s -= 2 * DAY  # somebody's mistake, and mended
    here.run(HOUR)
    assert here.ben.sees() == []
    here.world.wall_s += 2 * DAY  # it was right
    here.run(125)
    assert here.ben.sees() == ["tomorrow"]


def test_a_clock_that_is_set_back_delays_what_has_a_time(here: LaterWorld) -> None:
    at = here.now + HOUR
    here.say("at that time", at)
    here.run(30 * 60)
    here.world.wall_s -= HOUR
    here.run(HOUR)
    assert here.ben.sees() == []
    here.run(HOUR)
    assert here.ben.sees() == ["at that time"]


def test_who_was_blocked_meanwhile_gets_nothing_until_the_owner_says_so(here: LaterWorld) -> None:
    said = here.say("hello", here.now + HOUR)
    here.do(contacts.block, "1", on=True)
    here.run(HOUR + 60)
    (waits,) = here.waits()
    assert (waits.message, waits.state, waits.reason) == (said, "refused", "blocked")
    here.do(contacts.block, "1", on=False)
    here.run(DAY)
    assert here.ben.sees() == [], "days late, it may be the wrong thing to say"
    assert here.do(unsaid.cancel, said).text == "hello"


def test_what_was_held_leaves_when_the_owner_says_so(here: LaterWorld) -> None:
    said = here.say("on the network", here.now + HOUR, chat="b1")
    gone = here.say("nowhere", here.now + HOUR + 1, chat="b1")
    here.do(lambda step, _: accounts.pause(step, here.account))
    here.run(HOUR)
    assert here.waits()[-1].reason == "paused", "its account's outbox keeps it, as all else"
    here.do(lambda step, _: accounts.resume(step, here.account))
    call = here.call()
    assert call is not None
    assert call.arguments["out"].parts[0].text == "on the network"
    assert here.do(unsaid.message, said).id.startswith("m")
    here.do(lambda step, _: accounts.remove(step, here.account))
    here.run(60)
    (waits,) = here.waits()
    assert (waits.message, waits.state, waits.reason) == (gone, "refused", "no-chat")


def test_files_and_replies_go_along(here: LaterWorld) -> None:
    asked = here.ada.say("when?")
    here.say("see", here.now + 60, reply_to=asked, attachments=(File("a.txt", "text/plain", b"abc"),))
    here.run(65)
    said = here.do(unsaid.message, "w1")
    assert (said.reply_to, said.attachments[0].name, said.state) == (asked, "a.txt", "delivered")


def test_deleted_before_it_leaves_it_is_just_taken_back(here: LaterWorld) -> None:
    said = here.say("oops", here.now + 60)
    assert here.do(unsaid.take_back, [said, "m1"]) == ["m1"]
    assert here.waits() == []


def test_a_post_that_waits_is_shown_changed_and_taken_back_as_one_that_has_left(here: LaterWorld) -> None:
    here.tell(api.ConversationSeen(conversation=api.ConversationRef("home"), kind="timeline", title="Home"))
    wish = Posting(accounts=(here.account,), text="tomorrow", send_at=here.now + 3600)
    made = here.do(posting.make(wish, "de", "key"))
    assert (made.state, [place.says for place in made.places]) == (
        "scheduled",
        ["geht zur gewählten Zeit hinaus"],
    )
    assert here.do(posting.edit(made.id, "the day after", "en")).text == "the day after"
    assert here.do(posting.show(made.id, "en")).text == "the day after"
    assert [(waits.what, waits.text) for waits in here.waits()] == [("post", "the day after")]
    with pytest.raises(UsageError):
        here.do(posting.edit(made.id, "", "en"))
    here.run(3600)
    left = here.do(posting.show(made.id, "en"))
    assert (left.id, left.text) == ("post1", "the day after")
    assert here.do(posting.delete(made.id, "en")).id == "post1", "its old id still finds it"

    gone = here.do(posting.make(replace(wish, send_at=here.now + 3600), "en", "another"))
    taken = here.do(posting.delete(gone.id, "en"))
    assert (taken.state, taken.text, taken.deleted) == ("deleted", "", True)
    here.run(3600)
    assert (here.do(posting.show(gone.id, "en")).state, here.waits()) == ("deleted", [])
    with pytest.raises(NotFound):
        here.do(posting.show(here.say("no post", here.now + 60), "en"))
