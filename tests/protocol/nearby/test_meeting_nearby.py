"""Beacons and doors: contacts recognise each other, strangers and repeated knocks do not get in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import nearby
from swarm_protocol.errors import CannotOpen, RemoteProtocolError
from swarm_protocol.nearby import rules
from swarm_protocol.testing import SeededEntropy

NOW = 1_800_000_000
ENTROPY = SeededEntropy("nearby")
ADA = ENTROPY(32)
CONTACTS = {f"contact {n}": (ENTROPY(32), ENTROPY(32)) for n in range(100)}


def to(contact: str) -> nearby.Pair:
    """Ada's pair with a contact."""
    secret, leaf = CONTACTS[contact]
    return nearby.Pair(secret, ADA, leaf)


def at(contact: str) -> nearby.Pair:
    """The contact's pair with Ada."""
    secret, leaf = CONTACTS[contact]
    return nearby.Pair(secret, leaf, ADA)


def beacons_at(contact: str, now: int = NOW) -> nearby.Expected[str]:
    return nearby.Expected.of(nearby.BEACON, {"ada": at(contact)}, now)


@given(st.sets(st.sampled_from(sorted(CONTACTS)), max_size=64), st.integers(-24, 24))
def test_contacts_hear_ada_and_nobody_else_does(contacts: set[str], hours: int) -> None:
    shown = nearby.announce(map(to, contacts), now=NOW, entropy=ENTROPY)
    assert len(shown) in rules.COUNTS
    assert list(shown) == sorted(set(shown))
    heard = nearby.decode_txt(nearby.encode_txt(shown))
    assert heard == shown
    for contact in ("contact 0", "contact 1", "contact 2"):
        who = nearby.heard(beacons_at(contact, NOW + hours * 3600), heard)
        assert who == ({"ada"} if contact in contacts else frozenset())


def test_the_number_of_contacts_is_told_in_four_steps() -> None:
    names = sorted(CONTACTS)
    for contacts, shown in ((0, 8), (8, 8), (9, 16), (16, 16), (17, 32), (33, 64), (64, 64), (100, 64)):
        beacons = nearby.announce(map(to, names[:contacts]), now=NOW, entropy=ENTROPY)
        assert len(beacons) == shown


def test_of_many_contacts_each_is_shown_in_some_hour() -> None:
    left = set(CONTACTS)
    for hour in range(40):
        now = NOW + 3600 * hour
        shown = set(nearby.announce(map(to, CONTACTS), now=now, entropy=ENTROPY))
        left -= {c for c in left if nearby.BEACON.sent(to(c), nearby.BEACON.period(now)) in shown}
    assert not left


def test_no_beacon_is_shown_in_two_hours() -> None:
    first, second = (set(nearby.announce(map(to, CONTACTS), now=NOW + s, entropy=ENTROPY)) for s in (0, 3600))
    assert not first & second


TEXTS = nearby.encode_txt(nearby.announce([to("contact 0")], now=NOW, entropy=ENTROPY))
values = st.none() | st.binary(max_size=300)


@given(st.dictionaries(st.sampled_from([b"v", b"b0", b"b1", b"b2", b"x"]), values))
def test_texts_of_any_kind_raise_what_they_should(changes: dict[bytes, bytes | None]) -> None:
    texts = {**TEXTS, **changes}
    try:
        beacons = nearby.decode_txt(texts)
    except RemoteProtocolError:
        return
    assert len(beacons) in rules.COUNTS


def names(now: int = NOW) -> nearby.Expected[str]:
    """What Ada's door expects."""
    return nearby.Expected.of(nearby.DOOR_NAME, {c: to(c) for c in sorted(CONTACTS)[:5]}, now)


NAMES = names()


def test_a_contact_gets_in_once_with_each_knock() -> None:
    door = nearby.Door()
    for contact in ("contact 0", "contact 1", "contact 0"):
        frame = nearby.knock(at(contact), now=NOW, entropy=ENTROPY)
        door, who = door.open(frame, NAMES)
        assert who == contact
        with pytest.raises(CannotOpen):
            door.open(frame, NAMES)


@pytest.mark.parametrize(("hours", "opens"), [(-25, False), (-24, True), (24, True), (25, False)])
def test_clocks_may_differ_by_a_day(hours: int, opens: bool) -> None:
    frame = nearby.knock(at("contact 0"), now=NOW, entropy=ENTROPY)
    expected = names(NOW + hours * 3600)
    if opens:
        assert nearby.Door().open(frame, expected)[1] == "contact 0"
    else:
        with pytest.raises(CannotOpen):
            nearby.Door().open(frame, expected)


KNOCK = nearby.knock(at("contact 0"), now=NOW, entropy=ENTROPY)


@given(st.binary(max_size=60), st.integers(0, 8 * len(KNOCK) - 1))
def test_anything_else_is_one_error_without_a_reason(frame: bytes, bit: int) -> None:
    changed = bytearray(KNOCK)
    changed[bit // 8] ^= 1 << bit % 8
    for tried in (frame, bytes(changed), KNOCK[:-1], KNOCK + b"\x00", b""):
        with pytest.raises(CannotOpen) as caught:
            nearby.Door().open(tried, NAMES)
        assert (str(caught.value), caught.value.rule) == ("the message could not be opened", "")


def test_who_is_no_contact_or_knocks_for_another_stays_out() -> None:
    stranger = nearby.knock(at("contact 9"), now=NOW, entropy=ENTROPY)
    own = nearby.knock(to("contact 0"), now=NOW, entropy=ENTROPY)  # what Ada would send, sent back to her
    for frame in (stranger, own):
        with pytest.raises(CannotOpen):
            nearby.Door().open(frame, NAMES)


def test_knocks_are_counted_and_old_ones_forgotten() -> None:
    door = nearby.Door()
    for _ in range(rules.MAX_KNOCKS):
        door, _ = door.open(nearby.knock(at("contact 0"), now=NOW, entropy=ENTROPY), NAMES)
    with pytest.raises(CannotOpen):
        door.open(nearby.knock(at("contact 0"), now=NOW, entropy=ENTROPY), NAMES)
    later = NOW + 48 * 3600
    door, who = door.open(nearby.knock(at("contact 0"), now=later, entropy=ENTROPY), names(later))
    assert (who, len(door.used)) == ("contact 0", 1)
