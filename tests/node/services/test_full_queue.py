"""A queue that is full: what is said waits, in order, and goes on by itself as soon as there is room."""

import pytest
from node_world import Person, World

from swarm_protocol.mailbox import limits
from swarmnode.services import repeats
from swarmnode.storage.shelves import OUTBOX

QUOTA = 8


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> tuple[World, Person, Person]:
    world = World("hub")
    ada, ben = world.person("ada", "hub"), world.person("ben", "hub")
    world.meet(inviter=ada, joiner=ben)
    world.run(60)
    monkeypatch.setattr(limits, "QUOTA_MESSAGES", QUOTA)
    return world, ada, ben


def attempts(person: Person) -> list[int]:
    return person.do(lambda step: [row.attempts for row in OUTBOX.all(step.tx)])


def test_what_a_full_queue_does_not_take_waits_and_is_not_given_up(
    talk: tuple[World, Person, Person],
) -> None:
    world, ada, ben = talk
    ben.stop()
    for number in range(40):
        ada.say(f"{number}")
    world.run(9 * 60)
    assert ada.states() == ["sent"] * QUOTA + ["waiting"] + ["queued"] * (40 - QUOTA - 1)
    assert attempts(ada) == [0] * 40
    world.run(4 * 3600)
    assert "expired" not in ada.states()


def test_it_goes_on_at_once_when_the_recipient_reads(talk: tuple[World, Person, Person]) -> None:
    world, ada, ben = talk
    ben.stop()
    said = [f"{number}" for number in range(100)]
    for text in said:
        ada.say(text)
    world.run(9 * 60)
    ben.start()
    world.run(repeats.FULL_S / 4)
    assert ben.sees() == said
    assert ada.states() == ["delivered"] * 100
    assert attempts(ada) == []


def test_a_restart_forgets_no_queue_that_was_full(talk: tuple[World, Person, Person]) -> None:
    world, ada, ben = talk
    ben.stop()
    for number in range(20):
        ada.say(f"{number}")
    world.run(10)
    ada.stop()
    ada.start()
    ben.start()
    world.run(2 * repeats.FULL_S)
    assert ben.sees() == [f"{number}" for number in range(20)]


def test_one_envelope_at_a_time_is_tried_at_a_full_queue(talk: tuple[World, Person, Person]) -> None:
    world, ada, ben = talk
    ben.stop()
    for number in range(40):
        ada.say(f"{number}")
    world.run(60)
    (queue,) = ada.node.probing
    before = ada.do(lambda step: OUTBOX.count(step.tx, wire=None))
    world.run(4 * 60)
    assert set(ada.node.probing) == {queue}
    assert ada.do(lambda step: OUTBOX.count(step.tx, wire=None)) == before, "nothing more was encrypted"


def test_a_queue_holds_ten_thousand_texts() -> None:
    assert limits.QUOTA_MESSAGES >= 10_000
    assert limits.QUOTA_MESSAGES * limits.BUCKETS[1] <= limits.QUOTA_BYTES
    assert limits.CURSOR_AHEAD >= limits.QUOTA_MESSAGES
