"""The tables of states: complete, and honest stories end where they should."""

from __future__ import annotations

import random
from enum import Enum
from itertools import permutations, product
from typing import Any

import pytest

from swarm_protocol import meeting as mt
from swarm_protocol.identity import Standing

N, E = mt.Invite, mt.InviteEvent
J, JE = mt.Joining, mt.JoiningEvent
C, CE = mt.Contact, mt.ContactEvent
TABLES: dict[str, tuple[Any, type[Enum], type[Enum]]] = {
    "invite": (mt.INVITE, N, E),
    "joining": (mt.JOINING, J, JE),
    "contact": (mt.CONTACT, C, CE),
}


def play(table: Any, state: Enum, *events: Enum) -> Enum:
    for event in events:
        state = table[state, event]
    return state


@pytest.mark.parametrize("name", TABLES)
def test_every_state_answers_every_event(name: str) -> None:
    table, states, events = TABLES[name]
    assert set(table) == set(product(states, events))
    assert set(table.values()) == set(states)  # each is reached


@pytest.mark.parametrize("name", TABLES)
def test_each_event_is_safe_to_repeat(name: str) -> None:
    table = TABLES[name][0]
    for (state, event), after in table.items():
        assert table[after, event] is after, (state, event)


@pytest.mark.parametrize("name", TABLES)
def test_no_event_is_without_a_use(name: str) -> None:
    table = TABLES[name][0]
    used = {event for (state, event), after in table.items() if after is not state}
    assert set(TABLES[name][2]) - used <= {E.SAME_REQUEST}


def test_the_ends_are_ends() -> None:
    ends = {name: set[Enum]() for name in TABLES}
    for name, (table, states, events) in TABLES.items():
        ends[name] = {s for s in states if all(table[s, e] is s for e in events)}
    assert ends == {
        "invite": {N.CONFIRMED, N.DECLINED, N.EXPIRED},
        "joining": {J.CONFIRMED, J.TAKEN, J.WITHDRAWN, J.EXPIRED},
        "contact": {C.DELETED},
    }


def test_an_invite_goes_through_whichever_notices_are_lost_or_doubled() -> None:
    for fetched in ([], [E.FETCHED], [E.FETCHED, E.FETCHED]):
        story = [*fetched, E.REQUEST, E.SAME_REQUEST, E.ACCEPT, E.FETCHED, E.SAME_REQUEST, E.HELLO]
        assert play(mt.INVITE, N.CREATED, *story) is N.CONFIRMED


def test_honest_events_in_any_order_never_make_an_invite_suspect() -> None:
    for order in permutations([E.FETCHED, E.REQUEST, E.SAME_REQUEST, E.ACCEPT, E.HELLO, E.EXPIRE]):
        assert play(mt.INVITE, N.CREATED, *order) is not N.SUSPECT


def test_a_request_is_the_first_the_same_or_another() -> None:
    ben, eve = b"b" * 32, b"e" * 32
    assert mt.request_event(None, ben) is E.REQUEST
    assert mt.request_event(ben, ben) is E.SAME_REQUEST
    assert mt.request_event(ben, eve) is E.OTHER_REQUEST


@pytest.mark.parametrize("state", [N.REQUESTED, N.ACCEPTED])
def test_another_leaf_makes_an_invite_suspect_and_the_same_does_not(state: mt.Invite) -> None:
    assert mt.INVITE[state, E.SAME_REQUEST] is state
    assert mt.INVITE[state, E.OTHER_REQUEST] is N.SUSPECT


def test_only_a_person_goes_on_from_suspect() -> None:
    leads_on = {event for event in E if mt.INVITE[N.SUSPECT, event] is not N.SUSPECT}
    assert leads_on == {E.ACCEPT, E.DECLINE, E.EXPIRE}
    assert play(mt.INVITE, N.SUSPECT, E.ACCEPT, E.HELLO) is N.CONFIRMED


def test_nothing_confirms_an_invite_that_nobody_accepted() -> None:
    events = [event for event in E if event is not E.ACCEPT]
    rng = random.Random(7)
    for _ in range(500):
        assert play(mt.INVITE, N.CREATED, *rng.choices(events, k=20)) is not N.CONFIRMED


def test_a_joiner_who_is_not_the_first_stops() -> None:
    for story in ([], [JE.BUNDLE], [JE.BUNDLE, JE.ASK]):
        assert play(mt.JOINING, J.READ, *story, JE.CONFLICT, JE.ANSWER) is J.TAKEN
    assert play(mt.JOINING, J.READ, JE.BUNDLE, JE.ASK, JE.ANSWER, JE.CONFLICT) is J.CONFIRMED


def test_a_contact_whose_codes_differed_is_verified_by_the_next_comparison() -> None:
    assert play(mt.CONTACT, C.CONFIRMED, CE.DIFFERED, CE.COMPARED) is C.VERIFIED
    assert play(mt.CONTACT, C.VERIFIED, CE.DIFFERED, CE.TRUSTED) is C.CONFIRMED


def test_standings_of_identity_are_states_of_contacts() -> None:
    assert {standing.value for standing in Standing} <= {state.value for state in C}
