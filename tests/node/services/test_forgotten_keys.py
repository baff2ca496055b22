"""A relay that goes back to an older disk may have forgotten senders' keys, or whole queues; or it lies."""

import pytest
from node_world import Person, World

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import QueueControl, store
from swarm_protocol.mailbox.rotation import Step as Turn
from swarmnode.app import status
from swarmnode.services import messages, queues, repeats, rotation
from swarmnode.services.step import Step
from swarmnode.storage.shelves import OUTBOX, PEERS, QUEUES_OUT
from swarmnode.texts import Texts

HOUR, DAY = 3600, 86_400


@pytest.fixture
def talk() -> tuple[World, Person, Person]:
    return a_talk("hub")


def a_talk(*relays: str) -> tuple[World, Person, Person]:
    world = World(*relays)
    ada, ben = world.person("ada", *relays), world.person("ben", *relays)
    world.meet(inviter=ada, joiner=ben)
    world.run(60)
    return world, ada, ben


def routes(person: Person) -> list[str]:
    return person.do(lambda step: [queue.state for queue in QUEUES_OUT.all(step.tx) if queue.peer_id])


def problems(person: Person) -> list[str]:
    view = person.do(lambda step: status.of(step, person.node, status.Store(False, None), Texts("en")))
    return [problem.code for problem in view.problems]


def test_all_that_was_on_its_way_is_sent_again(talk: tuple[World, Person, Person]) -> None:
    world, ada, ben = talk
    world.relay("hub").forget_keys()
    said = [f"{number}" for number in range(5)]
    for text in said:
        ada.say(text)
    assert len(world.queue) >= 5, "all leave before the first is refused"
    world.run(60)
    assert routes(ada) == ["in use"]
    assert ben.sees() == said
    assert ada.states() == ["delivered"] * 5


def test_a_queue_that_is_not_there_is_gone(talk: tuple[World, Person, Person]) -> None:
    world, ada, ben = talk
    ben.stop()
    hub = world.relay("hub")
    hub.store.apply([store.DropQueue(rid) for rid in hub.store.queue_ids()])
    hub.store.sync()
    for number in range(5):
        ada.say(f"{number}")
    world.run(60)
    assert routes(ada) == ["gone"]


def test_a_relay_that_takes_a_key_and_refuses_is_asked_ever_more_rarely(
    talk: tuple[World, Person, Person],
) -> None:
    world, ada, ben = talk
    hub = world.relay("hub")
    hub.forgetful = True
    ada.say("one")
    world.run(HOUR)
    assert routes(ada) == ["broken"]
    assert problems(ada) == ["one-relay", "relay-contradicts", "contact-lost"]
    before, tries = hub.frames, ada.node.doubts
    world.run(DAY)
    assert max(times for times, _ in tries.values()) < 50
    assert hub.frames - before < 1000, "with all else that two nodes say in a day"
    (row,) = ada.do(lambda step: [row for row in OUTBOX.all(step.tx) if row.message_id])
    assert row.attempts < repeats.MAX_ATTEMPTS / 2, "nothing is given up for it"
    hub.forgetful = False
    world.run(2 * HOUR)
    assert (ben.sees(), ada.states(), routes(ada)) == (["one"], ["delivered"], ["in use"])
    assert "relay-contradicts" not in problems(ada)
    assert [told.type for told in ada.told].count("relay.contradicts") == 1


def test_what_it_takes_in_between_changes_nothing(talk: tuple[World, Person, Person]) -> None:
    world, ada, _ = talk
    hub = world.relay("hub")
    for number in range(queues.BROKEN_AFTER):
        assert routes(ada) == ["in use"]
        ada.say(f"taken {number}")
        world.run(60)
        assert ada.states()[-1] == "delivered"
        hub.forget_keys()
        ada.say(f"refused {number}")
        world.run(0)
    assert routes(ada) == ["broken"]
    world.run(60)
    assert routes(ada) == ["in use"]
    world.run(queues.DOUBT_KEPT_S)
    hub.forget_keys()
    ada.say("after hours")
    world.run(1)
    assert (routes(ada), ada.states()[-1]) == (["in use"], "delivered"), "what was, is forgotten"


def test_another_way_is_taken_at_once() -> None:
    world, ada, ben = a_talk("hub", "other")
    world.run(HOUR)
    liar = world.relay("hub")
    liar.forgetful = True
    for number in range(5):
        ada.say(f"{number}")
    world.run(30)
    assert ben.sees() == [f"{number}" for number in range(5)]
    world.run(DAY)
    ada.say("later")
    world.run(5)
    assert ben.sees()[-1] == "later"
    assert "contact-lost" not in problems(ada)


@pytest.mark.parametrize(("said", "state"), [("QUSE", "broken"), ("QCONT", "broken"), ("QDROP", "gone")])
def test_only_who_reads_a_broken_queue_may_close_it_and_its_relay_mend_it(
    talk: tuple[World, Person, Person], said: str, state: str
) -> None:
    world, ada, ben = talk
    world.relay("hub").forgetful = True
    ada.say("one")
    world.run(60)
    ben.stop()

    def hear(step: Step) -> None:
        (queue,) = (queue for queue in QUEUES_OUT.all(step.tx) if queue.peer_id)
        (peer,), conversation = PEERS.all(step.tx), messages.find(step, "1")
        control = QueueControl(Turn[said], mbx.SenderId(queue.sid)).encode()
        rotation.came(step, ada.node, conversation, peer, control)

    ada.do(hear)
    assert routes(ada) == [state]


def test_a_broken_queue_that_is_not_there_is_gone(talk: tuple[World, Person, Person]) -> None:
    world, ada, ben = talk
    hub = world.relay("hub")
    hub.forgetful = True
    ada.say("one")
    world.run(60)
    assert routes(ada) == ["broken"]
    ben.stop()
    hub.forgetful = False
    hub.store.apply([store.DropQueue(rid) for rid in hub.store.queue_ids()])
    hub.store.sync()
    world.run(HOUR)
    assert routes(ada) == ["gone"]


def test_a_relay_that_finds_fault_with_each_envelope_is_asked_ever_more_rarely(
    talk: tuple[World, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, ada, ben = talk
    ben.stop()
    asked: list[float] = []
    answered = repeats.answered

    def refused(step, node, line, send, said):  # type: ignore[no-untyped-def]
        if node is ada.node:
            asked.append(world.tick)
            said = mbx.Error(mbx.ErrorCode.CONFLICT)
        answered(step, node, line, send, said)

    with monkeypatch.context() as lie:
        lie.setattr(repeats, "answered", refused)
        ada.say("one")
        world.run(HOUR)
    assert 5 < len(asked) < 30
    assert ada.states() == ["queued"]
    ben.start()
    world.run(HOUR)
    assert (ben.sees(), ada.states()) == (["one"], ["delivered"])
