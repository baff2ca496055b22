"""Messages come into the search index a little later: none is forgotten, none that is deleted is found."""

from __future__ import annotations

from node_world import Person, World

from swarmnode.services import indexing, messages, views
from swarmnode.storage.shelves import SEARCH_DUE


def two() -> tuple[World, Person, Person]:
    world = World("one")
    ada, ben = world.person("ada", "one"), world.person("ben", "one")
    world.meet(ada, ben)
    return world, ada, ben


def found(person: Person, text: str) -> list[str]:
    return [hit.message.id for hit in person.do(lambda step: views.search(step, person.node, text))[0]]


def waiting(person: Person) -> int:
    return person.do(lambda step: SEARCH_DUE.count(step.tx))


def test_a_message_is_found_after_a_moment_or_when_somebody_cannot_wait() -> None:
    world, ada, ben = two()
    said = ada.say("the heron")
    assert found(ada, "heron") == []
    assert ada.do(indexing.is_behind)
    assert not ada.do(lambda step: indexing.catch_up(step, ada.node))
    assert found(ada, "heron") == [said]
    world.run(indexing.SOON_S + 1)
    assert found(ben, "heron") == [said]
    assert not ben.do(indexing.is_behind)


def test_what_is_deleted_before_never_comes_in() -> None:
    world, ada, ben = two()
    gone, kept = ada.say("the heron"), ada.say("the stork")
    world.run(0.5)
    for person in (ada, ben):
        assert waiting(person) == 2
        person.do(lambda step, who=person: messages.delete(step, who.node, [gone], everywhere=False))  # type: ignore[misc]
        assert waiting(person) == 1
    world.run(indexing.SOON_S + 1)
    for person in (ada, ben):
        assert found(person, "heron") == []
        assert found(person, "stork") == [kept]


def test_what_was_deleted_after_it_came_in_is_not_found_and_others_are() -> None:
    world, ada, _ = two()
    gone, kept = ada.say("the heron flies"), ada.say("the stork flies")
    world.run(indexing.SOON_S + 1)
    ada.do(lambda step: messages.delete(step, ada.node, [gone], everywhere=False))
    assert found(ada, "flies") == [kept]
    assert found(ada, "heron") == []


def test_a_node_that_was_killed_before_goes_on_at_its_start() -> None:
    world, ada, _ = two()
    said = ada.say("the heron")
    ada.stop()
    ada.start()
    assert waiting(ada) == 1
    world.run(indexing.SOON_S + 1)
    assert found(ada, "heron") == [said]
    assert waiting(ada) == 0


def test_many_are_indexed_in_steps_that_are_short() -> None:
    world, ada, _ = two()
    count = indexing.AT_ONCE + 10
    for number in range(count):
        ada.say(f"heron number {number}")
    assert ada.do(lambda step: indexing.catch_up(step, ada.node))
    assert waiting(ada) == 10
    world.run(1)
    assert waiting(ada) == 0
    assert len(ada.do(lambda step: step.tx.search.find("heron", 1000))) == count
