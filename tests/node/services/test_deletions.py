"""Requests to delete: who is asked signs what it did, whatever is lost, and the receipts are kept."""

import json

import msgspec
import pytest
from node_world import Person, World

from swarm_protocol.content import DeletionStatus
from swarmnode.bridging.core import deletions
from swarmnode.cli import explain_receipts
from swarmnode.domain.deletions import DeletionView, Receipts
from swarmnode.services import contacts, messages
from swarmnode.services import deletions as requests
from swarmnode.services.step import Step
from swarmnode.storage.later_shelves import DELETION_RECEIPTS, DELETION_REQUESTS
from swarmnode.storage.shelves import OUTBOX

DAY = 86_400


class Two:
    def __init__(self) -> None:
        self.world = World("one")
        self.ada, self.ben = self.world.person("ada", "one"), self.world.person("ben", "one")
        self.world.meet(self.ada, self.ben)

    def delete(self, *ids: str, everywhere: bool = True, who: Person | None = None) -> str:
        person = who or self.ada

        def destroy(step: Step) -> str:
            made = deletions.begin(step, everywhere=everywhere)
            deletions.destroy(step, person.node, made, ids, everywhere=everywhere)
            return str(made)

        return person.do(destroy)

    def view(self, deletion: str) -> DeletionView:
        return self.ada.do(lambda step: deletions.view(step, deletion))

    def states(self, deletion: str) -> list[tuple[str, str]]:
        return [(place.where, place.state) for place in self.view(deletion).places]

    def receipts(self, deletion: str) -> Receipts:
        return self.ada.do(lambda step: deletions.receipts(step, deletion))

    def open_requests(self) -> int:
        rows = self.ada.do(lambda step: DELETION_REQUESTS.all(step.tx))
        return sum(row.again_at is not None for row in rows)


@pytest.fixture(name="two")
def a_world() -> Two:
    return Two()


def test_their_node_confirms_and_signs(two: Two) -> None:
    said = [two.ada.say("one"), two.ada.say("two")]
    two.world.run(2)
    made = two.delete(*said)
    assert two.states(made) == [("here", "shredded"), ("node", "asked")]
    two.world.run(2)
    assert two.ben.sees() == ["(deleted)", "(deleted)"]
    place = two.view(made).places[1]
    assert (place.state, place.name, place.messages, place.at) == (
        "confirmed",
        "ben",
        2,
        two.world.wall_s - 2,
    )
    (signed,) = two.receipts(made).receipts
    assert {status for _, status in signed.targets} == {"done"}
    assert explain_receipts.fault(signed) == ""
    assert two.open_requests() == 0
    told = [event.data for event in two.ada.told if event.type == "deletion.changed"]
    assert told == [{"deletion": made}]


def test_here_alone_asks_nobody(two: Two) -> None:
    said = two.ada.say("mine")
    two.world.run(2)
    made = two.delete(said, everywhere=False)
    two.world.run(5)
    assert (two.states(made), two.ben.sees()) == ([("here", "shredded")], ["mine"])


def test_who_is_away_is_asked_until_the_answer_comes(two: Two) -> None:
    said = two.ada.say("one")
    two.world.run(2)
    two.ben.on = False
    made = two.delete(said)
    two.world.run(3 * DAY)
    assert two.states(made) == [("here", "shredded"), ("node", "asked")]
    two.ben.start()
    two.world.run(2 * DAY)
    assert two.states(made) == [("here", "shredded"), ("node", "confirmed")]
    assert two.open_requests() == 0


def test_an_answer_that_was_lost_is_asked_for_again(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    said = two.ada.say("one")
    two.world.run(2)
    with monkeypatch.context() as lost:
        lost.setattr(requests, "came", lambda *_: None)
        made = two.delete(said)
        two.world.run(600)
    assert two.ben.sees() == ["(deleted)"]
    assert two.states(made)[1] == ("node", "asked")
    two.world.run(3700)
    assert two.states(made)[1] == ("node", "confirmed")
    assert two.receipts(made).receipts[0].targets[0][1] == "already"


def test_after_thirty_days_nobody_is_asked_any_more(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    said = two.ada.say("one")
    two.world.run(2)
    monkeypatch.setattr(requests, "answer", lambda *_: None)  # a node that does not speak of it
    made = two.delete(said)
    two.world.run(29 * DAY)
    assert (two.states(made)[1], two.open_requests()) == (("node", "asked"), 1)
    two.world.run(2 * DAY)
    assert (two.states(made)[1], two.open_requests()) == (("node", "given-up"), 0)
    assert two.ada.do(lambda step: OUTBOX.count(step.tx)) == 0
    two.world.run(DAY)
    assert ("deletions", 0) not in two.ada.node.timers, "nothing wakes the node for it any more"


def test_a_message_that_comes_after_its_deletion_is_told_of_twice(two: Two) -> None:
    two.ben.on = False
    said = two.ada.say("never seen")
    two.world.run(5)
    made = two.delete(said)
    assert two.states(made)[-1] == ("relay", "cannot"), "it lies sealed at a relay"
    two.ben.start()
    two.world.run(60)
    assert two.ben.sees() == ["(deleted)"]
    statuses = {status for receipt in two.receipts(made).receipts for _, status in receipt.targets}
    assert statuses <= {"done", "already", "never_had"}
    assert ("relay", "cannot") not in two.states(made)


def test_what_is_anothers_is_refused_and_said_so(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = two.ben.say("ben's own")
    two.world.run(2)
    monkeypatch.setattr(
        messages, "may_delete", lambda step, ids, **_: [messages.message_row(step, i) for i in ids]
    )
    made = two.delete(theirs)
    two.world.run(5)
    assert two.ben.sees() == ["ben's own"]
    assert two.states(made)[1] == ("node", "refused")
    assert two.receipts(made).receipts[0].targets[0][1] == "refused"


def test_receipts_stay_when_the_contact_is_gone(two: Two) -> None:
    said = two.ada.say("one")
    two.world.run(2)
    made = two.delete(said)
    two.world.run(2)
    while two.ada.do(lambda step: contacts.empty(step, two.ada.node, "1")):
        pass
    two.ada.do(lambda step: contacts.remove(step, two.ada.node, "1"))
    assert two.states(made) == [("here", "shredded"), ("node", "confirmed")]
    assert explain_receipts.fault(two.receipts(made).receipts[0]) == ""


def test_the_first_word_that_all_is_gone_stays(two: Two) -> None:
    said = two.ada.say("one")
    two.world.run(2)
    made = two.delete(said)
    two.world.run(2)
    first = two.ada.do(lambda step: DELETION_RECEIPTS.all(step.tx))
    request = first[0].request
    two.ben.do(
        lambda step: requests.answer_again(step, two.ben.node, messages.find(step, "1"), request, set())
    )
    two.world.run(5)
    assert two.ada.do(lambda step: DELETION_RECEIPTS.all(step.tx)) == first
    assert requests.body_of(first[0]).statuses[0][1] is DeletionStatus.DONE
    assert made


def test_saved_receipts_are_verified_and_what_was_changed_is_found(two: Two) -> None:
    said = two.ada.say("zwetschgenknoedel")
    two.world.run(2)
    made = two.delete(said)
    two.world.run(2)
    data = msgspec.json.encode(two.receipts(made))
    found = explain_receipts.read(data)
    assert found is not None
    assert explain_receipts.fault(found.receipts[0]) == ""
    assert b"zwetschgenknoedel" not in data
    (good,) = json.loads(data)["receipts"]
    wrong = {
        "targets": [[good["targets"][0][0], "refused"]],
        "signature": "00" * 64,
        "leaf_sig": "11" * 32,
        "persona": "22" * 32,
        "chain_seq": good["chain_seq"] + 1,
        "sigchain": two.ada.node.me.chain.encode().hex(),
        "conversation": "33" * 32,
        "statement": good["statement"][:-2] + "ff",
        "request": "no hex",
    }
    for name, value in wrong.items():
        forged = msgspec.convert({**good, name: value}, type(found.receipts[0]))
        assert explain_receipts.fault(forged), name
