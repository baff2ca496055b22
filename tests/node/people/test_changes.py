"""Any run of merges, splits and undos against a plain model: sets of names, and copies of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from bridge_core_world import Core
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmnode.domain.book import Reason
from swarmnode.errors import Conflict, NotFound, UsageError
from swarmnode.services import book, book_changes
from swarmnode.services.step import Step
from swarmnode.storage.book_shelves import BOOK_ACCOUNTS, CHANGES, MOVES, PERSONS, SUGGESTIONS, BookAccount

NAMES = "abcdef"


@dataclass
class Model:
    """Who has which accounts, and for each change that counts what its people had before it."""

    people: dict[str, frozenset[str]]
    changes: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)

    def change(self, number: str, **after: frozenset[str]) -> None:
        self.changes[number] = {person: self.people.get(person, frozenset()) for person in after}
        self.people |= after

    def may_undo(self, number: str) -> bool:
        touched = set(self.changes[number])
        return not any(int(later) > int(number) and touched & set(of) for later, of in self.changes.items())

    def undo(self, number: str) -> None:
        self.people |= self.changes.pop(number)

    def there(self) -> dict[str, frozenset[str]]:
        return {person: names for person, names in self.people.items() if names}


def people(step: Step) -> dict[str, frozenset[str]]:
    """What the book says."""
    found: dict[str, set[str]] = {}
    for row in BOOK_ACCOUNTS.all(step.tx):
        found.setdefault(book.person_id(row.person_id), set()).add(row.remote_id)
    return {person: frozenset(names) for person, names in found.items()}


def reasons(step: Step) -> list[tuple[str, int, str, str]]:
    return [(row.remote_id, row.person_id, row.reason, row.cause) for row in BOOK_ACCOUNTS.all(step.tx)]


def somebody(core: Core, name: str, network: str = "demo", **more: str) -> BookAccount:
    return core.do(lambda step: book.enter(step, network, name, name, **more))  # type: ignore[arg-type]


def row(core: Core, name: str, network: str = "demo") -> BookAccount:
    found = core.do(lambda step: book.account(step, network, name))
    assert found is not None
    return found


def person(core: Core, name: str, network: str = "demo") -> str:
    return book.person_id(row(core, name, network).person_id)


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
        st.tuples(st.just("split"), st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES), max_size=3)),
        st.tuples(st.just("undo"), st.integers(1, 12), st.none()),
    ),
    max_size=24,
)


@settings(max_examples=60, deadline=None)
@given(ACTS)
def test_merges_splits_and_undos_do_what_sets_do(acts: list[tuple[str, object, object]]) -> None:
    core = Core()
    model = Model({})
    for name in NAMES:
        somebody(core, name)
        model.people[person(core, name)] = frozenset(name)
    before: dict[str, list[tuple[str, int, str, str]]] = {}
    for act, one, other in acts:
        state = core.do(reasons)
        if act == "merge":
            into, gone = person(core, str(one)), person(core, str(other))
            if into == gone:
                with pytest.raises(Conflict):
                    core.do(lambda step, i=into, g=gone: book_changes.merge(step, i, g))  # type: ignore[misc]
                continue
            number = str(core.do(lambda step, i=into, g=gone: book_changes.merge(step, i, g)))  # type: ignore[misc]
            both = model.people[into] | model.people[gone]
            model.change(number, **{into: both, gone: frozenset()})
            assert core.do(lambda step, g=gone: book.find(step, g)).id == int(into[1:])  # type: ignore[misc]
        elif act == "split":
            assert isinstance(other, set)
            whole = person(core, str(one))
            going = sorted(other & model.people[whole])
            links = [str(row(core, name).id) for name in going]
            if not going or len(going) == len(model.people[whole]):
                with pytest.raises(UsageError):
                    core.do(lambda step, w=whole, k=links: book_changes.split(step, w, k))  # type: ignore[misc]
                continue
            number = str(core.do(lambda step, w=whole, k=links: book_changes.split(step, w, k)))  # type: ignore[misc]
            rest = model.people[whole] - set(going)
            model.change(number, **{whole: rest, person(core, going[0]): frozenset(going)})
        else:
            number = str(one)
            if number not in model.changes or not model.may_undo(number):
                with pytest.raises((Conflict, NotFound)):
                    core.do(lambda step, n=number: book_changes.undo(step, n))  # type: ignore[misc]
                continue
            core.do(lambda step, n=number: book_changes.undo(step, n))  # type: ignore[misc]
            model.undo(number)
            touched = {name for names in model.people.values() for name in names}
            assert touched == set(NAMES)
            if not any(int(later) > int(number) for later in model.changes):
                assert core.do(reasons) == before[number], "as it was, reasons too"
            continue
        before[number] = state
        assert core.do(people) == model.there()
    assert core.do(people) == model.there()

    def first_ones(step: Step) -> list[tuple[bool, int]]:
        return [
            (p.merged_into is None, sum(r.reason == Reason.KNOWN for r in book.accounts_of(step, p.id)))
            for p in PERSONS.all(step.tx)
        ]

    assert set(core.do(first_ones)) <= {(True, 1), (False, 0)}


def test_what_is_undone_out_of_turn_names_what_comes_first() -> None:
    core = Core()
    for name in "abc":
        somebody(core, name)
    first = core.do(lambda step: book_changes.merge(step, person_in(step, "a"), person_in(step, "b")))
    second = core.do(lambda step: book_changes.merge(step, person_in(step, "c"), person_in(step, "a")))
    with pytest.raises(Conflict, match=f"change {second} is about the same people"):
        core.do(lambda step: book_changes.undo(step, str(first)))
    core.do(lambda step: book_changes.undo(step, str(second)))
    core.do(lambda step: book_changes.undo(step, str(first)))
    with pytest.raises(Conflict, match="undone already"):
        core.do(lambda step: book_changes.undo(step, str(first)))
    assert len(set(core.do(people).values())) == 3
    assert [c.undone for c in core.do(lambda step: book_changes.changes(step)[0])] == [True, True]


def person_in(step: Step, name: str) -> str:
    found = book.account(step, "demo", name)
    assert found is not None
    return book.person_id(found.person_id)


def test_only_a_proof_both_ways_merges_by_itself_and_never_against_the_owner() -> None:
    core = Core()
    for name in "ab":
        somebody(core, name)

    def learn(reason: Reason) -> None:
        one, other = row(core, "a"), row(core, "b")
        core.do(lambda step: book_changes.learned(step, one, other, reason, "test"))

    for reason in (Reason.SUGGESTED, Reason.SAID, Reason.SIGNED, Reason.ONE):
        learn(reason)
        assert person(core, "a") != person(core, "b")
    assert len(core.do(lambda step: SUGGESTIONS.all(step.tx))) == 1
    learn(Reason.BOTH)
    assert person(core, "a") == person(core, "b")
    assert row(core, "b").reason == Reason.BOTH
    (change,) = core.do(lambda step: book_changes.changes(step)[0])
    assert (change.kind, change.cause) == ("merge", "test")
    core.do(lambda step: book_changes.split(step, person_in(step, "a"), [str(row_in(step, "b").id)]))
    assert row(core, "b").reason == Reason.KNOWN
    learn(Reason.BOTH)
    assert person(core, "a") != person(core, "b"), "the owner took them apart"
    core.do(lambda step: book_changes.merge(step, person_in(step, "a"), person_in(step, "b")))
    learn(Reason.ONE)
    assert row(core, "b").reason == Reason.ONE, "a proof counts more than the owner's word"
    learn(Reason.SAID)
    assert row(core, "b").reason == Reason.ONE


def row_in(step: Step, name: str) -> BookAccount:
    found = book.account(step, "demo", name)
    assert found is not None
    return found


def test_who_has_no_account_left_is_gone_with_all_that_was_noted() -> None:
    core = Core()
    for name in "abc":
        somebody(core, name)
    a, b = person(core, "a"), person(core, "b")
    core.do(lambda step: book_changes.merge(step, a, b))
    core.do(lambda step: book_changes.merge(step, a, person_in(step, "c")))
    core.do(lambda step: book_changes.split(step, a, [str(row_in(step, "c").id)]))
    core.do(lambda step: book.forget(step, row_in(step, "a").id))
    assert person(core, "b") == a, "who is left is still this person"
    assert row(core, "b").reason == Reason.KNOWN
    core.do(lambda step: book.forget(step, row_in(step, "b").id))
    with pytest.raises(NotFound):
        core.do(lambda step: book.find(step, a))
    with pytest.raises(NotFound):
        core.do(lambda step: book.find(step, b))
    assert len(core.do(lambda step: PERSONS.all(step.tx))) == 1
    assert core.do(lambda step: MOVES.all(step.tx)) == []
    assert core.do(lambda step: CHANGES.all(step.tx)) == []
    assert core.do(lambda step: SUGGESTIONS.all(step.tx)) == []


def test_a_person_has_a_bounded_number_of_accounts() -> None:
    core = Core()
    first = somebody(core, "first")
    for number in range(book.MAX_ACCOUNTS - 1):
        core.do(lambda step, n=number: book.enter(step, "mail", f"{n}@x", "", person=first.person_id))  # type: ignore[misc]
    somebody(core, "one more")
    with pytest.raises(UsageError, match="at most"):
        core.do(lambda step: book_changes.merge(step, person_in(step, "first"), person_in(step, "one more")))
