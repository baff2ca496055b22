"""What encryption believes and what not: forged devices, stolen keys, words that are said a second time."""

import json
from collections.abc import Mapping
from typing import Any, cast

import msgspec
import pytest
from vodozemac import Account, GroupSession, InboundGroupSession

from swarm_bridges.context import Clock
from swarm_bridges.networks.matrix.client import Client
from swarm_bridges.networks.matrix.model import Event, event_of
from swarm_bridges.networks.matrix.sealed import vault
from swarm_bridges.networks.matrix.sealed.account import Own
from swarm_bridges.networks.matrix.sealed.backup import Inbound
from swarm_bridges.networks.matrix.sealed.devices import Device, Devices, checked
from swarm_bridges.networks.matrix.sealed.megolm import Megolm
from swarm_bridges.networks.matrix.sealed.olm import Letter, Olm
from swarm_bridges.networks.matrix.sealed.signing import MEGOLM, canonical, is_signed, unpadded
from swarm_bridges.networks.matrix.sealed.vault import KEY, Vault

NOBODY = cast("Client", None)
"""No server is asked in these tests."""
ROOM = "!r:x"


class Values:
    """`api.KeyValues` in memory."""

    def __init__(self) -> None:
        self.there: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes | None:
        return self.there.get(name)

    async def put(self, values: Mapping[str, bytes | None]) -> None:
        known = {**self.there, **values}
        self.there = {name: value for name, value in known.items() if value is not None}

    async def names(self, prefix: str = "") -> tuple[str, ...]:
        return tuple(sorted(name for name in self.there if name.startswith(prefix)))


class Somebody:
    """A device of somebody, with what it has stored."""

    def __init__(self, user: str, device: str) -> None:
        self.values = Values()
        self.vault = Vault(self.values, {})
        self.own = Own(Account(), user, device)
        self.olm = Olm(NOBODY, self.vault, self.own)
        self.megolm = Megolm(NOBODY, self.vault, self.own, Clock())

    @property
    def device(self) -> Device:
        return Device(self.own.curve, self.own.ed)

    def about(self) -> dict[str, Any]:
        """What it says of itself to everybody."""
        name = self.own.device
        keys = {f"curve25519:{name}": self.own.curve, f"ed25519:{name}": self.own.ed}
        return self.own.signed({"user_id": self.own.user, "device_id": name, "keys": keys})

    def knows(self, *others: "Somebody") -> None:
        for other in others:
            devices = Devices(fresh=True, known={other.own.device: other.device})
            self.vault.put(f"devices/{other.own.user}", devices)

    def begins_with(self, other: "Somebody") -> None:
        other.own.account.generate_one_time_keys(1)
        (key,) = other.own.account.one_time_keys.values()
        other.own.account.mark_keys_as_published()
        assert self.olm._begun(other.device, key.to_base64())


@pytest.fixture
def ada() -> Somebody:
    return Somebody("@ada:x", "ADA")


@pytest.fixture
def ben() -> Somebody:
    return Somebody("@ben:x", "BEN")


# --- devices ---


def test_a_device_is_what_it_has_signed_itself_to_be(ada: Somebody, ben: Somebody) -> None:
    good = ada.about()
    assert checked("@ada:x", {"ADA": good}, {}) == {"ADA": ada.device}
    other = {**good, "keys": {**good["keys"], "curve25519:ADA": ben.own.curve}}
    unsigned = {**good, "signatures": {}}
    for name, told in (("ADA", other), ("ADA", unsigned), ("EVE", good), ("ADA", []), ("ADA", None)):
        assert checked("@ada:x", {name: told}, {}) == {}
    assert checked("@ben:x", {"ADA": good}, {}) == {}


def test_a_device_that_was_known_keeps_its_keys(ada: Somebody) -> None:
    replaced = Somebody("@ada:x", "ADA").about()
    assert checked("@ada:x", {"ADA": replaced}, {"ADA": ada.device}) == {}
    assert checked("@ada:x", {"ADA": ada.about()}, {"ADA": ada.device}) == {"ADA": ada.device}


def test_what_is_signed_has_one_form() -> None:
    assert (
        canonical({"b": 1, "a": {"d": "é", "c": [True, None]}})
        == '{"a":{"c":[true,null],"d":"é"},"b":1}'.encode()
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})
    assert not is_signed({"signatures": {"@a:x": {"ed25519:A": "x"}}}, "@a:x", "A", "y")
    with pytest.raises(ValueError, match=r"ASCII|base64"):
        unpadded("é")


# --- between two devices ---


async def test_a_letter_is_opened_once_by_whom_it_is_for(ada: Somebody, ben: Somebody) -> None:
    ada.begins_with(ben)
    sealed = await ada.olm.closed("@ben:x", ben.device, "m.room_key", {"room_id": ROOM})
    assert await Somebody("@ben:x", "OTHER").olm.opened("@ada:x", sealed) is None
    letter = await ben.olm.opened("@ada:x", sealed)
    assert letter == Letter("@ada:x", "m.room_key", {"room_id": ROOM}, ada.own.curve, ada.own.ed)
    assert await ben.olm.opened("@ada:x", sealed) is None
    answer = await ben.olm.closed("@ada:x", ada.device, "m.dummy", {})
    assert (await ada.olm.opened("@ben:x", answer) or letter).kind == "m.dummy"


async def test_a_letter_for_or_from_somebody_else_is_none(ada: Somebody, ben: Somebody) -> None:
    ada.begins_with(ben)
    for who, device, sender in (
        ("@eve:x", ben.device, "@ada:x"),
        ("@ben:x", msgspec.structs.replace(ben.device, ed=ada.own.ed), "@ada:x"),
        ("@ben:x", ben.device, "@eve:x"),
    ):
        sealed = await ada.olm.closed(who, device, "m.room_key", {})
        assert await ben.olm.opened(sender, sealed) is None


@pytest.mark.parametrize(
    "content",
    [{}, {"algorithm": "none"}, {"ciphertext": "x"}, {"sender_key": 7}, {"ciphertext": {"x": {"type": 9}}}],
    ids=range(5),
)
async def test_odd_letters_are_none(ben: Somebody, content: dict[str, Any]) -> None:
    whole = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": "x", **content}
    assert await ben.olm.opened("@ada:x", whole) is None
    for kind, body in ((0, "x"), (1, "x"), (0, ""), ("0", "AAAA"), (1, "é")):
        given = {
            **whole,
            "sender_key": ben.own.curve,
            "ciphertext": {ben.own.curve: {"type": kind, "body": body}},
        }
        assert await ben.olm.opened("@ada:x", given) is None


# --- in rooms ---


def key_of(session: GroupSession, room: str = ROOM) -> dict[str, Any]:
    return {
        "algorithm": MEGOLM,
        "room_id": room,
        "session_id": session.session_id,
        "session_key": session.session_key.to_base64(),
    }


def said(
    session: GroupSession, text: str, room: str = ROOM, sender: str = "@ada:x", id_: str = "$1"
) -> Event:
    inside = {"type": "m.room.message", "content": {"body": text}, "room_id": room}
    content = {
        "algorithm": MEGOLM,
        "session_id": session.session_id,
        "ciphertext": session.encrypt(json.dumps(inside).encode()).to_base64(),
    }
    made = event_of({"type": "m.room.encrypted", "sender": sender, "event_id": id_, "content": content})
    assert made is not None
    return made


def letter_of(who: Somebody, content: dict[str, Any], **more: Any) -> Letter:
    letter = Letter(who.own.user, "m.room_key", content, who.own.curve, who.own.ed)
    return msgspec.structs.replace(letter, **more)


async def test_a_key_opens_what_its_owner_says_in_its_room_and_each_thing_once(
    ada: Somebody, ben: Somebody
) -> None:
    session = GroupSession()
    ben.knows(ada)
    assert await ben.megolm.learn(letter_of(ada, key_of(session))) == (ROOM, [])
    one = said(session, "hello")
    opened = await ben.megolm.opened(ROOM, one)
    assert opened is not None
    assert (opened.event.type, opened.event.content) == ("m.room.message", {"body": "hello"})
    assert await ben.megolm.opened(ROOM, one) == opened
    assert await ben.megolm.opened(ROOM, msgspec.structs.replace(one, event_id="$2")) is None
    assert await ben.megolm.opened(ROOM, msgspec.structs.replace(one, sender="@eve:x")) is None
    assert await ben.megolm.opened("!other:x", one) is None
    assert await ben.megolm.opened(ROOM, said(session, "x", room="!other:x", id_="$3")) is None


async def test_a_key_is_taken_from_a_device_of_its_sender_alone(ada: Somebody, ben: Somebody) -> None:
    session, eve = GroupSession(), Somebody("@eve:x", "EVE")
    ben.knows(ada, eve)
    for letter in (
        letter_of(eve, key_of(session), sender="@ada:x"),
        letter_of(ada, key_of(session), ed=eve.own.ed),
        letter_of(ada, key_of(session), kind="m.forwarded_room_key"),
        letter_of(ada, {**key_of(session), "session_id": "other"}),
        letter_of(ada, {**key_of(session), "session_key": "AAAA"}),
        letter_of(ada, {**key_of(session), "algorithm": "none"}),
    ):
        await ben.megolm.learn(letter)
        assert await ben.megolm.opened(ROOM, said(session, "x")) is None
    await ben.megolm.learn(letter_of(ada, key_of(session)))
    assert await ben.megolm.opened(ROOM, said(session, "x", id_="$9")) is not None
    await ben.megolm.learn(letter_of(eve, key_of(session)))  # who has it too, and says that it is hers
    assert await ben.megolm.opened(ROOM, said(session, "x", sender="@eve:x", id_="$10")) is None


async def test_a_key_of_the_backup_opens_and_proves_nothing_until_its_device_tells_it(
    ada: Somebody, ben: Somebody
) -> None:
    session = GroupSession()
    ben.knows(ada)
    inbound = InboundGroupSession(session.session_key)
    saved = Inbound(inbound.pickle(KEY), "@ada:x", ada.own.curve, ada.own.ed, sure=False, told=False)
    ben.vault.put(f"in/{ROOM}/{session.session_id}", saved)
    event = said(session, "hello")
    opened = await ben.megolm.opened(ROOM, event)
    assert opened is not None
    assert not opened.sure  # also where the keys that it names are a device's that is known
    await ben.megolm.learn(letter_of(ada, key_of(session)))
    opened = await ben.megolm.opened(ROOM, event)
    assert opened is not None
    assert opened.sure


async def test_a_device_that_is_not_signed_by_who_signs_theirs_is_not_sure(
    ada: Somebody, ben: Somebody
) -> None:
    session, name = GroupSession(), "devices/@ada:x"
    signs = Devices(fresh=True, known={"ADA": ada.device}, master="m", signing="s")
    ben.vault.put(name, signs)
    await ben.megolm.learn(letter_of(ada, key_of(session)))
    event = said(session, "hello")
    opened = await ben.megolm.opened(ROOM, event)
    assert opened is not None
    assert not opened.sure
    ben.vault.put(name, msgspec.structs.replace(signs, signed=frozenset({"ADA"})))
    opened = await ben.megolm.opened(ROOM, event)
    assert opened is not None
    assert opened.sure


async def test_what_came_before_its_key_is_named_when_the_key_comes(ada: Somebody, ben: Somebody) -> None:
    session = GroupSession()
    ben.knows(ada)
    key = key_of(session)
    early = said(session, "too early")
    assert await ben.megolm.opened(ROOM, early) is None
    await ben.megolm.wait(ROOM, early)
    await ben.megolm.wait(ROOM, early)
    assert await ben.megolm.learn(letter_of(ada, key)) == (ROOM, ["$1"])
    assert await ben.megolm.opened(ROOM, early) is not None
    assert await ben.megolm.learn(letter_of(ada, key)) == ("", [])


async def test_what_is_remembered_has_bounds(
    ada: Somebody, ben: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "MOST", {"in/": 3, "waiting/": 2, "olm/": 2, "devices/": 2})
    ben.knows(ada)
    sessions = [GroupSession() for _ in range(5)]
    early = [said(session, "x") for session in sessions]
    keys = [key_of(session) for session in sessions]
    for event in early:
        await ben.megolm.wait(ROOM, event)
    await ben.megolm.wait(ROOM, msgspec.structs.replace(early[0], content={"session_id": "x" * 60_000}))
    await ben.vault.store()
    assert len(await ben.values.names("crypto/waiting/")) == 2
    for key in keys:
        await ben.megolm.learn(letter_of(ada, key))
    await ben.vault.store()
    assert len(await ben.values.names("crypto/in/")) == 3
    assert await ben.values.names("crypto/waiting/") == ()
    assert len((await Vault.open(ben.values))._names["in/"]) == 3
