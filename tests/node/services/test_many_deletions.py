"""Thousands of messages are destroyed, or marked as read, in portions: steps are short, others have turns."""

from __future__ import annotations

from collections import Counter

from many_messages import repeat_the_last
from node_world import Person, World

from swarmnode.domain.views import ContactView
from swarmnode.services import contacts, countdown, messages
from swarmnode.services.step import Step, Told
from swarmnode.services.talk import SHREDDED_AT_ONCE
from swarmnode.storage.shelves import MESSAGES

MANY = 5000


def two() -> tuple[World, Person, Person]:
    world = World("one")
    ada, ben = world.person("ada", "one"), world.person("ben", "one")
    world.meet(ada, ben)
    ben.say("the first")
    world.run(2)
    return world, ada, ben


def fill(person: Person, *, left_s: int | None, unread: bool = False) -> None:
    """Messages like the last one, thousands of them."""

    def put(step: Step) -> None:
        repeat_the_last(step, "the first", MANY, expire_s=left_s or 0, left_s=left_s, unread=unread)
        if left_s is not None:
            countdown.go_on(step, person.node, left_s)

    person.do(put)


def there(person: Person) -> int:
    have_bodies = MESSAGES.table.c.body_id.is_not(None)
    return person.do(lambda step: len(MESSAGES.where(step.tx, have_bodies)))


class Watched(list[Told]):
    """What screens are told, and how many deletions in each step."""

    def __init__(self, person: Person) -> None:
        super().__init__()
        self.person, self.steps = person, Counter[float]()

    def append(self, told: Told) -> None:
        if told.type == "message.deleted":
            self.steps[self.person.world.tick] += 1


def test_thousands_that_are_over_at_once_go_in_portions() -> None:
    world, ada, _ = two()
    fill(ada, left_s=3600)
    ada.stop()
    world.run(7200)
    ada.told = watched = Watched(ada)
    ada.start()
    world.run(60)
    assert sum(watched.steps.values()) == MANY
    assert max(watched.steps.values()) == SHREDDED_AT_ONCE
    assert there(ada) == 1, "what was said without a time stays"
    assert ada.do(lambda step: step.tx.search.find("first", MANY)) == [1]


def test_a_kill_on_the_way_leaves_what_the_next_start_destroys() -> None:
    world, ada, _ = two()
    fill(ada, left_s=10)
    ada.stop()
    world.run(60)
    ada.start()
    world.run(5)
    left = there(ada)
    assert 1 < left < MANY
    ada.stop()
    ada.start()
    world.run(60)
    assert there(ada) == 1


def test_a_long_conversation_is_emptied_before_it_is_removed() -> None:
    _, ada, _ = two()
    fill(ada, left_s=None)

    def wanted(step: Step) -> ContactView:
        return contacts.block(step, ada.node, "1", on=True)

    ada.do(wanted)
    portions = 0
    while ada.do(lambda step: contacts.empty(step, ada.node, "1")):
        portions += 1
    assert portions == -(-(MANY + 1) // SHREDDED_AT_ONCE)
    ada.do(lambda step: contacts.remove(step, ada.node, "1"))
    assert ada.do(lambda step: MESSAGES.count(step.tx)) == 0


def test_thousands_are_marked_as_read_in_portions() -> None:
    _, ada, _ = two()
    fill(ada, left_s=None, unread=True)
    portions = []
    while (marked := ada.do(lambda step: messages.mark_read(step, ada.node, "1"))) == messages.MARKED_AT_ONCE:
        portions.append(marked)
    assert sum(portions) + marked == MANY + 1
    assert ada.do(lambda step: MESSAGES.count(step.tx, unread=True)) == 0
