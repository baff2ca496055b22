"""A relay that goes back to an older disk may have forgotten senders' keys, or whole queues."""

from dataclasses import replace

import pytest
from node_world import Person, RelayHost, World

from swarm_protocol.mailbox import store
from swarmnode.storage.shelves import QUEUES_OUT


@pytest.fixture
def talk() -> tuple[World, Person, Person]:
    world = World("hub")
    ada, ben = world.person("ada", "hub"), world.person("ben", "hub")
    world.meet(inviter=ada, joiner=ben)
    world.run(60)
    return world, ada, ben


def forget_keys(relay: RelayHost) -> None:
    queues = filter(None, map(relay.store.queue, relay.store.queue_ids()))
    relay.store.apply([store.PutQueue(replace(queue, sender=None)) for queue in queues])
    relay.store.sync()


def routes(person: Person) -> list[str]:
    return person.do(lambda step: [queue.state for queue in QUEUES_OUT.all(step.tx) if queue.peer_id])


def test_all_that_was_on_its_way_is_sent_again(talk: tuple[World, Person, Person]) -> None:
    world, ada, ben = talk
    forget_keys(world.relay("hub"))
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
