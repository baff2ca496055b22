"""What people said about their words, and what follows from it."""

import pytest

from swarmnode.domain.consent import Entry, Scope, allows, refuses

F, P = Scope.FORWARD, Scope.PUBLISH


def yes(number: int, scope: Scope = F, place: str = "", *, own: bool = False) -> Entry:
    return Entry(number, True, scope, place, own)


def no(number: int, scope: Scope = F, place: str = "") -> Entry:
    return Entry(number, False, scope, place)


@pytest.mark.parametrize(
    ("entries", "forward", "publish"),
    [
        ([], False, False),
        ([yes(1)], True, False),
        ([yes(1, P)], True, True),
        ([no(1)], False, False),
        ([yes(1, P), no(2, P)], True, False),
        ([yes(1, P), no(2)], False, False),
        ([no(1), yes(2, P)], False, False),
        ([no(1), yes(2, P, own=True)], True, True),
        ([no(1), yes(2, own=True)], True, False),
        ([yes(1, P, own=True), no(2)], False, False),
        ([no(1), yes(2, place="elsewhere", own=True)], False, False),
        ([yes(1, place="here")], True, False),
        ([yes(1, P), no(2, place="here")], False, False),
        ([yes(1, P), no(2, place="elsewhere")], True, True),
        ([no(1), yes(2, place="here", own=True)], True, False),
        ([no(1), no(2, P, "here"), yes(3, own=True)], True, False),
    ],
)
def test_where_words_may_go(entries: list[Entry], forward: bool, publish: bool) -> None:
    assert (allows(entries, F, "here"), allows(entries, P, "here")) == (forward, publish)


def test_to_say_nothing_is_not_to_say_no() -> None:
    assert not refuses([], F, "here")
    assert not refuses([yes(1)], P, "here")
    assert refuses([no(1)], P, "here")
    assert not refuses([no(1, P)], F, "here")
    assert not refuses([no(1), yes(2, own=True)], F, "here")
