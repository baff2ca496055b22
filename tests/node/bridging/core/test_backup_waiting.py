"""What waits comes back from a backup: nothing is said twice by itself, and what is to go, goes."""

from __future__ import annotations

import pytest
from bridge_core_world import can, ref
from later_world import LaterWorld

from swarm_bridges import api
from swarmnode.api.node import Posting
from swarmnode.app import posting
from swarmnode.bridging.core import accounts, calls, deletions, later, outbox, unsaid
from swarmnode.domain.words import File
from swarmnode.services import messages, packs, views
from swarmnode.services.node import Node
from swarmnode.services.step import Step

HOUR, DAY = 3600, 86_400
LARGE = b"0123456789" * 60_000
"""More than stands in one record of a backup."""


@pytest.fixture(name="here")
def a_world() -> LaterWorld:
    return LaterWorld()


def test_what_waited_for_its_time_is_there_and_waits_for_its_owner(here: LaterWorld) -> None:
    said = here.say("good morning", here.now + HOUR)
    there = here.say("to the room", here.now + HOUR, chat="b1")
    saved = here.ada.backup()
    here.run(HOUR + 5)
    assert here.ben.sees() == ["good morning"], "the node that is lost then has sent it"
    here.come_back(saved)
    here.run(2 * DAY)
    assert here.ben.sees() == here.ada.sees() == ["good morning"], "once, and it is seen that it was"
    assert here.call() is None
    waits = [(item.message, item.text, item.state, item.reason) for item in here.waits()]
    assert waits == [
        (said, "good morning", "refused", "restored"),
        (there, "to the room", "refused", "restored"),
    ]
    here.do(unsaid.cancel, said)
    here.do(unsaid.resend, there)
    here.run(5)
    call = here.call()
    assert call is not None
    assert call.arguments["out"].parts[0].text == "to the room"
    assert said not in {item.message for item in here.waits()}


def test_another_time_can_be_chosen_for_it(here: LaterWorld) -> None:
    said = here.say("good morning", here.now + HOUR)
    here.come_back(here.ada.backup())
    here.run(2 * HOUR)
    assert here.ben.sees() == []
    here.do(later.move, said, here.now + HOUR)
    here.run(HOUR + 5)
    assert here.ben.sees() == ["good morning"]
    assert int(here.say("next", here.now + HOUR)[1:]) > int(said[1:])


def test_it_comes_back_with_its_files_and_what_it_answers(here: LaterWorld) -> None:
    asked = here.ada.say("when?")
    files = File("a.bin", "application/x", LARGE, "an a"), File("b.txt", "text/plain", b"b")
    here.say("see", here.now + HOUR, chat="b1", attachments=files)
    here.say("then", here.now + HOUR, reply_to=asked)
    here.run(2)
    here.come_back(here.ada.backup())
    here.run(60)
    here.do(unsaid.resend, "w1")
    here.do(unsaid.resend, "w2")
    here.run(5)
    assert here.ben.sees() == ["when?", "then"]
    assert here.do(unsaid.message, "w2").reply_to == asked
    call = here.call()
    assert call is not None
    sent = call.arguments["out"].parts[0].files
    assert [(file.name, file.description) for file in sent] == [("a.bin", "an a"), ("b.txt", "")]
    bodies = here.ada.do(lambda step: step.tx.bodies.get_many(int(file.id) for file in sent))
    assert [*bodies.values()] == [LARGE, b"b"]


def test_what_has_left_or_was_taken_back_is_not_in_it(here: LaterWorld) -> None:
    here.say("gone", here.now + 60)
    here.do(unsaid.cancel, here.say("never mind", here.now + 60))
    here.run(65)
    here.come_back(here.ada.backup())
    assert here.waits() == []


def test_what_is_to_disappear_within_a_day_is_not_in_it(here: LaterWorld) -> None:
    here.say("for a minute", here.now + HOUR, expire_s=60)
    here.say("for a week", here.now + HOUR, expire_s=7 * DAY)
    here.do(messages.set_timer, "1", HOUR)
    here.say("as the chat says", here.now + HOUR)
    saved = here.ada.backup()
    inside = repr(list(packs.read(here.ada.kit.backup_key(), [saved])))
    texts = ("for a minute", "for a week", "as the chat says")
    assert [text in inside for text in texts] == [False, True, False]
    here.come_back(saved)
    assert [item.text for item in here.waits()] == ["for a week"]


def test_a_post_waits_for_its_owner_too(here: LaterWorld) -> None:
    here.tell(api.ConversationSeen(conversation=api.ConversationRef("home"), kind="timeline", title="Home"))
    wish = Posting(accounts=(here.account,), text="tomorrow", send_at=here.now + HOUR)
    made = here.do(posting.make(wish, "en", "key"))
    here.come_back(here.ada.backup())
    here.run(2 * HOUR)
    assert here.call() is None
    (waits,) = here.waits()
    assert (waits.what, waits.message, waits.reason) == ("post", made.id, "restored")
    assert "when the backup was made" in here.do(posting.show(made.id, "en")).places[0].says
    here.do(unsaid.resend, made.id)
    here.run(5)
    assert here.do(posting.show(made.id, "en")).id == "post1"


def test_a_deletion_on_a_network_goes_on_and_no_other_change(here: LaterWorld) -> None:
    message = here.do(lambda step, _: outbox.send(step, "b1", outbox.Saying("a mistake")))
    other = here.do(lambda step, _: outbox.send(step, "b1", outbox.Saying("a good one")))
    for remote_id in ("7", "8"):
        sending = here.call()
        assert sending is not None
        here.ada.do(lambda step: calls.settle(step, sending.intent, api.Accepted((ref(remote_id),))))  # noqa: B023
    made = here.do(delete, message)
    here.do(lambda step, _: outbox.edit(step, other, "a better one"))
    taken = here.call()
    assert taken is not None, "it is on its way when the backup is made"
    here.come_back(here.ada.backup())
    here.run(HOUR)
    here.ada.do(lambda step: accounts.learn(step, here.account, None, can()))
    assert places(here, made) == [("here", "follows"), ("network", "asked")]
    again = here.call()
    assert again is not None
    assert (again.intent, again.arguments["target"]) == (taken.intent, ref("7"))
    here.ada.do(lambda step: calls.settle(step, again.intent, api.Accepted(())))
    assert places(here, made) == [("here", "shredded"), ("network", "confirmed")]
    assert here.call() is None, "an edit is forgotten: the owner sees what stands there"


def delete(step: Step, node: Node, message: str) -> str:
    made = deletions.begin(step, everywhere=True)
    deletions.destroy(step, node, made, [message], everywhere=True)
    return str(made)


def places(here: LaterWorld, made: str) -> list[tuple[str, str]]:
    view = here.do(lambda step, _: deletions.view(step, made))
    return [(place.where, place.state) for place in view.places]


def test_drafts_are_there_again(here: LaterWorld) -> None:
    here.do(lambda step, _: messages.set_draft(step, "1", "half a sent"))
    here.come_back(here.ada.backup())
    assert here.do(lambda step, node: views.chat(step, node, messages.find(step, "1"))).draft == "half a sent"
