"""Searches of a long conversation whose messages all have the word: what they find, and how much they do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from many_messages import repeat_the_last
from node_world import Person, World
from query_plans import traced

from swarmnode.services import messages, views

LONG = 1200
"""More than one page of a chat looks at."""


@pytest.fixture(scope="module")
def ben() -> Person:
    """Somebody with three messages of a friend, and after them many of another."""
    world = World("one")
    ada, ben, cara = (world.person(name, "one") for name in ("ada", "ben", "cara"))
    world.meet(ada, ben)
    world.meet(cara, ben)
    for number in range(3):
        ada.say(f"the word, {number}")
    cara.say("the word, and more")
    world.run(2)
    ben.do(lambda step: repeat_the_last(step, "the word, and more", LONG))
    return ben


def pages(person: Person, text: str, *, chat: str = "", limit: int) -> Iterator[list[str]]:
    """What is found, page by page."""
    cursor = ""
    while True:
        hits, cursor = person.do(
            lambda step, at=cursor: views.search(step, person.node, text, chat=chat, limit=limit, cursor=at)  # type: ignore[misc]
        )
        yield [hit.message.id for hit in hits]
        if not cursor:
            return


@pytest.mark.parametrize("text", ["word", "the word", "ord"])
def test_a_word_of_every_message_leads_through_all_of_them(ben: Person, text: str) -> None:
    found = list(pages(ben, text, limit=200))
    assert [len(page) for page in found] == [200] * 6 + [4]
    ids = [name for page in found for name in page]
    assert len(set(ids)) == LONG + 4
    assert ids[0] == (LONG - 1).to_bytes(32, "big").hex(), "the newest first"


def test_a_chat_is_searched_behind_what_others_say(ben: Person) -> None:
    found = list(pages(ben, "word", chat="1", limit=20))
    assert [name for page in found for name in page] == of_the_friend(ben)
    assert len(found) <= 1 + LONG // views.LOOKED_AT + 1
    assert [len(page) for page in pages(ben, "word", chat="1", limit=2)][-2:] == [2, 1]


def of_the_friend(ben: Person) -> list[str]:
    page = ben.do(lambda step: views.page(step, ben.node, messages.find(step, "1")))
    return [item.id for item in reversed(page.items)]


def test_a_page_costs_what_it_shows(ben: Person) -> None:
    def statements(limit: int) -> int:
        with traced(ben.disk) as ran:
            next(pages(ben, "word", limit=limit))
        return len(ran)

    few, more = statements(5), statements(25)
    assert few <= more < few + 20 * 5, "a few for each hit, none for what is not shown"
