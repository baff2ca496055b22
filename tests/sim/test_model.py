"""The reference model notices each fault that a screen can have; or what it passes would mean little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sim_model import Model, Shown


def shown(id_: str, text: str, *, mine: bool = False) -> Shown:
    return Shown(id_, mine, text, False, False, "", frozenset(), delivered=True, unread=not mine)


def a_talk() -> tuple[Model, list[Shown]]:
    """Ada said four things to ben, and here is ben's screen as it should be."""
    model = Model()
    for number in range(1, 5):
        model.say("ada", "ben", f"id{number}", f"text {number}", reply_to="id1" if number == 3 else "")
    model.edit("id2", "text 2, better")
    model.react("ben", "id1", "+")
    model.delete("id4")
    return model, [
        replace(shown("id1", "text 1"), reactions=frozenset({("ben", "+")})),
        replace(shown("id2", "text 2, better"), edited=True),
        replace(shown("id3", "text 3"), reply_to="id1"),
    ]


def test_a_screen_as_it_should_be_is_passed() -> None:
    model, screen = a_talk()
    assert model.complaints("ben", "ada", screen) == []
    assert model.shortcomings("ben", "ada", screen, 3) == []
    mine = [replace(item, mine=True, unread=False) for item in screen]
    assert model.complaints("ada", "ben", mine) == []
    assert model.shortcomings("ada", "ben", mine, 0) == []
    tombstone = replace(shown("id4", ""), deleted=True, unread=False)
    assert model.complaints("ben", "ada", [*screen, tombstone]) == []
    assert model.shortcomings("ben", "ada", [*screen, tombstone], 3) == []


def test_what_is_under_way_is_no_fault_until_there_was_time() -> None:
    model, screen = a_talk()
    older = [replace(screen[0], reactions=frozenset()), shown("id2", "text 2"), shown("id4", "text 4")]
    assert model.complaints("ben", "ada", older) == []
    assert model.shortcomings("ben", "ada", older, 3) == [
        "text 1: reactions are []",
        "text 2: the last edit is missing, 'text 2'",
        "text 3: lost",
        "text 4: it was deleted and is still here",
    ]
    late = [replace(item, mine=True, unread=False, delivered=False) for item in screen]
    assert len(model.shortcomings("ada", "ben", late, 0)) == 3


FAULTS: dict[str, Callable[[list[Shown]], list[Shown]]] = {
    "twice": lambda s: [*s, s[2]],
    "order": lambda s: [s[1], s[0], s[2]],
    "invented": lambda s: [*s, shown("id9", "nobody said this")],
    "text": lambda s: [replace(s[0], text="text 7"), *s[1:]],
    "gone": lambda s: [replace(s[0], deleted=True, text=""), *s[1:]],
    "mine": lambda s: [replace(s[0], mine=True), *s[1:]],
    "edited": lambda s: [replace(s[0], edited=True), *s[1:]],
    "not edited": lambda s: [s[0], replace(s[1], edited=False), s[2]],
    "reply": lambda s: [s[0], s[1], replace(s[2], reply_to="id2")],
    "reaction": lambda s: [s[0], replace(s[1], reactions=frozenset({("ben", "!")})), s[2]],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_noticed_at_once(fault: str) -> None:
    model, screen = a_talk()
    assert model.complaints("ben", "ada", FAULTS[fault](screen)) != []


def test_an_author_sees_what_was_said_and_nothing_older() -> None:
    model, screen = a_talk()
    mine = [replace(item, mine=True, unread=False) for item in screen]
    assert model.complaints("ada", "ben", mine[1:]) == ["text 1: its author does not see it"]
    old = [mine[0], replace(mine[1], text="text 2", edited=False), mine[2]]
    assert model.complaints("ada", "ben", old) == ["text 2: its author sees an older text, 'text 2'"]
    still = [*mine, replace(shown("id4", "text 4", mine=True), unread=False)]
    assert model.complaints("ada", "ben", still) == ["text 4: its author deleted it and still sees it"]


def test_what_was_looked_at_is_read() -> None:
    model, screen = a_talk()
    model.look(["id1", "id2"])
    assert len(model.complaints("ben", "ada", screen)) == 2
    read = [replace(screen[0], unread=False), replace(screen[1], unread=False), screen[2]]
    assert model.complaints("ben", "ada", read) == []
    assert model.shortcomings("ben", "ada", read, 1) == []
    assert model.shortcomings("ben", "ada", read, 2) == ["2 are counted as unread, not 1"]
