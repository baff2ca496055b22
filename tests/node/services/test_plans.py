"""No statement of daily life reads a table from end to end that grows with what people say.

SQLite says how it would run each statement that ran. It plans by the indexes alone, for nobody counts rows
for it (no ANALYZE), so a few messages tell as much as 100,000.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from node_world import Person, World
from query_plans import scans, traced

from swarmnode.app import status
from swarmnode.services import messages, views
from swarmnode.services.step import Step
from swarmnode.texts import Texts

GROWING = {"message", "body"}
COUNTED = {"ix_message_unread", "ix_message_timer"}
"""Indexes that hold only what is unread or runs out: to count those is to read them."""
LAST = "ORDER BY id DESC LIMIT 1"
"""A walk that ends at its first row."""


@pytest.fixture(scope="module")
def two() -> tuple[World, Person, Person]:
    world = World("one")
    ada, ben = world.person("ada", "one"), world.person("ben", "one")
    world.meet(ada, ben)
    for number in range(3):
        ada.say(f"message {number}")
        world.run(1)
    return world, ada, ben


def start(world: World, _: Person, ben: Person) -> None:
    ben.stop()
    ben.start()
    world.run(130)


def talk(world: World, ada: Person, ben: Person) -> None:
    said = ada.say("and this")
    world.run(2)
    ada.do(lambda step: messages.edit(step, ada.node, said, "and that"))
    ben.do(lambda step: messages.react(step, ben.node, said, "+"))
    ben.do(lambda step: messages.mark_read(step, ben.node, "1"))
    world.run(30)
    ada.do(lambda step: messages.delete(step, ada.node, [said], everywhere=True))
    world.run(30)


def look(_: World, __: Person, ben: Person) -> None:
    def screens(step: Step) -> None:
        node = ben.node
        status.of(step, node, status.Store(), Texts("en"))
        views.chats(step, node)
        row = messages.find(step, "1")
        page = views.page(step, node, row, limit=2)
        views.page(step, node, row, before=page.next)
        views.page(step, node, row, after=page.prev)
        views.page(step, node, row, around=page.items[0].id)
        views.messages_like(step, page.items[0].id[:6])

    ben.do(screens)


def search(_: World, __: Person, ben: Person) -> None:
    for text in ("message", "message 1", "essag", "nothing"):
        ben.do(lambda step, t=text: views.search(step, ben.node, t))  # type: ignore[misc]


@pytest.mark.parametrize("life", [talk, look, search, start])
def test_nothing_reads_a_whole_table(
    two: tuple[World, Person, Person], life: Callable[[World, Person, Person], None]
) -> None:
    world, ada, ben = two
    with traced(ben.disk) as ran:
        life(world, ada, ben)
    assert len(set(ran)) > 5
    often = (statement for statement in ran if not statement.endswith(LAST))
    assert scans(ben.disk, often, GROWING, COUNTED) == []


def test_a_whole_table_would_be_noticed(two: tuple[World, Person, Person]) -> None:
    _, _, ben = two
    slow = "SELECT id FROM message WHERE target IS x'00'"
    assert scans(ben.disk, [slow, "SELECT 1"], GROWING, COUNTED) == [f"SCAN message: {slow}"]
