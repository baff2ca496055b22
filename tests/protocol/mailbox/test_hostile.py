"""What strangers, thieves and flooders get from a relay: nothing, and the same nothing whatever they try."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from mailbox_world import START, TICKETS, Driver, Node, blob, msg_id, pair, relay_keys, sending, signature_key

from swarm_protocol import mailbox as mbx
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import frames, limits
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.mailbox.relay import RelayKeys
from swarm_protocol.mls.signatures import Ed25519
from swarm_protocol.testing import SeededEntropy

ADDRESS = "far.example:443"
SLOT = mbx.slot_id(b"link key", bytes(32))


class Scene:
    """A relay with a queue of each kind, and a command of each type that would do something."""

    def __init__(self) -> None:
        self.driver = Driver()
        self.ada, self.ben, self.made = pair(self.driver)
        self.contact = self.ada.new(1, mbx.Kind.CONTACT)
        self.invite = self.ada.new(2, mbx.Kind.INVITE)
        self.ada.get(mbx.Done, mbx.Put(self.invite.rid, SLOT, b"bundle"))
        self.ben.send(self.made.sid, 1)
        self.tables = vars(self.driver.store)["_live"].copy()

    def commands(self) -> dict[str, tuple[CommandBody, Node]]:
        rid, sid = self.made.rid, self.made.sid
        record = mbx.QueueRecord(
            ADDRESS, bytes(32), *(self.relay().signature.public, self.relay().hpke.public), sid, bytes(32)
        )
        sealed = mbx.seal_send(record, sending(sid, 2), self.ben.key, SeededEntropy("seal"))[1]
        return {
            "new": (mbx.New(mbx.Kind.PAIR, self.ada.key.public, TICKETS[3]), self.ada),
            "named": (
                mbx.New(mbx.Kind.PAIR, self.ada.key.public, TICKETS[4], mbx.SenderId(b"s" * 24)),
                self.ada,
            ),
            "skey": (mbx.SKey(self.invite.sid, self.ben.key.public), self.ben),
            "send": (sending(sid, 2), self.ben),
            "contact": (sending(self.contact.sid, 2, key=self.ben.key.public), self.ben),
            "sub": (mbx.Sub(rid, 2, b"j" * 16), self.ada),
            "pull": (mbx.Pull(rid, 0, 1), self.ada),
            "ack": (mbx.Ack(rid, 1, msg_id(1)), self.ada),
            "off": (mbx.Off(rid), self.ada),
            "del": (mbx.Del(rid), self.ada),
            "qinfo": (mbx.QInfo(rid), self.ada),
            "ext": (mbx.Ext(rid), self.ada),
            "put": (mbx.Put(self.invite.rid, SLOT, b"another"), self.ada),
            "fetch": (mbx.Fetch(SLOT, self.ben.key.public), self.ben),
            "pfwd": (mbx.PFwd(rid, ADDRESS, bytes(32), b"sealed"), self.ada),
            "fwd": (mbx.Fwd(sealed), self.ben),
        }

    @staticmethod
    def relay() -> RelayKeys:
        return relay_keys()

    def unchanged(self) -> bool:
        return bool(vars(vars(self.driver.store)["_live"]) == vars(self.tables))


def flips(data: bytes) -> Iterator[bytes]:
    """The data with one bit changed, in each byte another."""
    for i in range(len(data)):
        yield data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :]


@pytest.mark.parametrize("name", Scene().commands())
def test_no_byte_of_a_command_can_be_changed(name: str) -> None:
    scene = Scene()
    driver = scene.driver
    body, who = scene.commands()[name]
    size = len(who.caller.ask(body, who.key)[1])
    unsigned = size - len(body.sealed) if isinstance(body, mbx.Fwd) else 0
    for i in range(unsigned, size):
        driver.now += 1  # budgets are another matter
        if who.connection in driver.closed or who.caller.number > 20:
            driver.step(fx.Closed(who.connection))
            who.connect()
            if name in {"pull", "ack"}:
                who.subscribe(scene.made.rid)
        who.caller, data = who.caller.ask(body, who.key)
        changed = data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1 :]
        effects = driver.step(fx.Received(who.connection, changed))
        assert len(effects) == 1
        if isinstance(effects[0], fx.Send):
            _, said = mbx.read_answer(effects[0].data)
            assert isinstance(said, mbx.Error)
            assert said.code in {mbx.ErrorCode.GONE, mbx.ErrorCode.TICKET}
            driver.sent[who.connection].clear()
        else:
            assert isinstance(effects[0], fx.Close)
        assert scene.unchanged()
    who.connect()
    if name in {"pull", "ack"}:
        who.subscribe(scene.made.rid)
    who.post(body)
    assert not any(isinstance(answer, mbx.Error) for answer in who.hear())


def test_no_bit_of_a_receipt_can_be_changed() -> None:
    scene = Scene()
    caller, _ = scene.ben.caller.ask(sending(scene.made.sid, 2), scene.ben.key)
    scene.ben.post(sending(scene.made.sid, 2))
    (receipt,) = scene.driver.sent[scene.ben.connection]
    caller.hear(receipt)
    for i in range(8 * len(receipt)):
        changed = bytearray(receipt)
        changed[i // 8] ^= 1 << i % 8
        with pytest.raises(RemoteProtocolError):
            caller.hear(bytes(changed))


def test_no_byte_of_the_proof_of_a_copy_can_be_changed() -> None:
    scene = Scene()
    copy = Node(scene.driver, "ada")
    own = mbx.Sub(scene.made.rid, 1, b"the copy________")
    shown = copy.get(mbx.Error, own).sub
    assert shown is not None
    relay, key = relay_keys().signature.public, copy.key.public
    mbx.check_copy(shown, relay, key, own)
    proofs = [dataclasses.replace(shown, frame=frame) for frame in flips(shown.frame)]
    proofs += [dataclasses.replace(shown, nonce=nonce) for nonce in flips(shown.nonce)]
    for proof in proofs:
        with pytest.raises(RemoteProtocolError):
            mbx.check_copy(proof, relay, key, own)
    with pytest.raises(RemoteProtocolError):
        mbx.check_copy(shown, signature_key("another relay").public, key, own)


def test_a_command_counts_on_one_connection_of_one_relay_once() -> None:
    scene = Scene()
    data = scene.ben.post(sending(scene.made.sid, 2))
    assert isinstance(scene.ben.hear()[0], mbx.Receipt)
    again = scene.driver.step(fx.Received(scene.ben.connection, data))
    assert again == [fx.Close(scene.ben.connection, "frame-number")]
    other = Node(scene.driver, "ben")
    scene.driver.step(fx.Received(other.connection, data))
    (answer,) = scene.driver.sent[other.connection]
    assert mbx.read_answer(answer)[1] == mbx.Error(mbx.ErrorCode.GONE)


class Verifications:
    """Counts signature checks while it is in force, those that end early for a malformed key left out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        verify = Ed25519.verify

        def counted(ed25519: Ed25519, public: bytes, message: bytes, signature: bytes) -> bool:
            self.count += Ed25519().is_valid_public(public)
            return verify(ed25519, public, message, signature)

        monkeypatch.setattr(Ed25519, "verify", counted)


RECIPIENT: tuple[Callable[[mbx.RecipientId], CommandBody], ...] = (
    lambda rid: mbx.Sub(rid, 1, b"i" * 16),
    lambda rid: mbx.Pull(rid, 0, 1),
    lambda rid: mbx.Ack(rid, 1, msg_id(1)),
    mbx.Off,
    mbx.Del,
    mbx.QInfo,
    mbx.Ext,
    lambda rid: mbx.Put(rid, SLOT, b"bundle"),
    lambda rid: mbx.PFwd(rid, ADDRESS, bytes(32), b"sealed"),
)


@pytest.mark.parametrize("which", range(len(RECIPIENT) + 2))
def test_wrong_key_wrong_id_and_dead_queue_are_one_to_the_byte_and_in_work(
    which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Verifications(monkeypatch)

    def outcome(case: str) -> tuple[list[bytes], int, int]:
        driver = Driver()
        _, _, made = pair(driver)
        keyless = Node(driver, "ada").new(1)
        rid, sid = made.rid, made.sid
        name = "thief" if case == "key" else "ada" if which < len(RECIPIENT) else "ben"
        if case == "id":
            rid, sid = mbx.RecipientId(b"\1" * 24), mbx.SenderId(b"\1" * 24)
        elif case == "dead":
            Node(driver, "ada").get(mbx.Done, mbx.Del(rid))
        elif case == "ended":
            driver.now += limits.LEASE  # and not swept yet
        elif case == "keyless" and which == len(RECIPIENT):
            sid = keyless.sid
        elif case == "keyless":
            name = "thief"
        who = Node(driver, name)
        if which < len(RECIPIENT):
            body = RECIPIENT[which](rid)
        elif which == len(RECIPIENT):
            body = sending(sid, 1)
        else:
            body = mbx.SKey(sid, who.key.public)
        reads, checks = driver.store.reads, counter.count
        who.post(body)
        return driver.sent[who.connection], driver.store.reads - reads, counter.count - checks

    outcomes = {case: outcome(case) for case in ("key", "id", "dead", "ended", "keyless")}
    assert [mbx.read_answer(data)[1] for data in outcomes["id"][0]] == [mbx.Error(mbx.ErrorCode.GONE)]
    assert len({(tuple(data), reads, checks) for data, reads, checks in outcomes.values()}) == 1
    assert outcomes["id"][1:] == (1, 1)


def test_a_refused_sender_does_not_wait_for_what_the_relay_notes_of_it() -> None:
    scene = Scene()
    thief = Node(scene.driver, "thief")
    scene.driver.auto_sync = False
    thief.post(mbx.SKey(scene.made.sid, thief.key.public))
    assert thief.hear() == [mbx.Error(mbx.ErrorCode.GONE)]
    assert scene.driver.store.unsynced == 1


# What shows


def test_nothing_that_is_printed_or_raised_tells_an_id_a_key_or_an_address() -> None:
    scene = Scene()
    driver, ada, ben, made = scene.driver, scene.ada, scene.ben, scene.made
    shown: list[object] = []
    for body, who in scene.commands().values():
        data = who.post(body)
        who.connection, before = who.connection, list(driver.sent[who.connection])
        frame, read = mbx.read_command(data)
        shown += [body, frame, read, fx.Received(who.connection, data), who.caller]
        for answer in before:
            shown += [mbx.read_answer(answer), frames.Frame.decode(answer)]
        who.hear()
        shown += who.notices
        for changed in flips(data):
            try:
                mbx.read_command(changed)
            except RemoteProtocolError as e:
                shown.append(str(e))
    shown += [
        *driver.log,
        *driver.forwards,
        driver.relay,
        fx.TicketsAdded(TICKETS),
        fx.Damaged(made.rid, 1, 1),
    ]
    tables = vars(scene.tables).values()
    shown += [value for table in tables for value in table.values() if dataclasses.is_dataclass(value)]
    shown += [vars(driver.relay)["_connections"].values(), vars(driver.relay)["_readers"].values()]
    shown += [relay_keys(), mbx.QueueControl.add(scene_record(scene)), scene_record(scene)]
    secrets = [
        *(part for queue in (made, scene.contact, scene.invite) for part in (queue.rid, queue.sid)),
        *(node.key.public for node in (ada, ben)),
        *(node.caller.session.nonce for node in (ada, ben)),
        relay_keys().signature.private,
        relay_keys().hpke.private,
        *TICKETS,
        *map(mbx.ticket_hash, TICKETS),
        SLOT,
        msg_id(1),
        msg_id(2),
        blob(2)[:32],
        b"bundle",
        b"i" * 16,
    ]
    text = "\n".join(map(repr, shown)) + "\n".join(map(str, shown))
    for secret in secrets:
        assert repr(bytes(secret))[2:-1] not in text
        assert bytes(secret).hex() not in text
    assert ADDRESS not in text


def scene_record(scene: Scene) -> mbx.QueueRecord:
    keys = relay_keys()
    return mbx.QueueRecord(
        ADDRESS, bytes(32), keys.signature.public, keys.hpke.public, scene.made.sid, bytes(32)
    )


# Floods


def victim(flood: Callable[[Node], None]) -> tuple[list[bytes], int, int]:
    """Ada and ben while somebody floods: every byte that they get, and how much was looked at for them."""
    driver = Driver()
    ada, ben, made = pair(driver)
    frames_: list[bytes] = []
    work = floods = 0
    flooder = Node(driver, "flooder")
    for round_ in range(3):
        flood(flooder)
        floods += len(flooder.hear())
        before = driver.store.reads
        ben.post(sending(made.sid, round_))
        ada.post(mbx.Pull(made.rid, 0, 8))
        ada.post(mbx.Ack(made.rid, round_ + 1, msg_id(round_)))
        work += driver.store.reads - before
        for node in (ada, ben):
            frames_ += driver.sent[node.connection]
            node.hear()
    return frames_, work, floods


def flood_queue(flooder: Node) -> None:
    made = flooder.new(5)
    flooder.get(mbx.Done, mbx.SKey(made.sid, flooder.key.public))
    for number in range(110):
        flooder.post(sending(made.sid, number, bucket=3))


def flood_tickets(flooder: Node) -> None:
    for number in range(300):
        flooder.post(mbx.New(mbx.Kind.PAIR, flooder.key.public, number.to_bytes(32, "big")))


def flood_ids(flooder: Node) -> None:
    for number in range(300):
        flooder.post(mbx.QInfo(mbx.RecipientId(number.to_bytes(24, "big"))))


def flood_contact(flooder: Node) -> None:
    made = flooder.new(6, mbx.Kind.CONTACT)
    for number in range(220):
        flooder.post(sending(made.sid, number, key=flooder.key.public))


@pytest.mark.parametrize("flood", [flood_queue, flood_tickets, flood_ids, flood_contact])
def test_a_flood_changes_nothing_for_others(
    flood: Callable[[Node], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "QUOTA_MESSAGES", 100)
    calm = victim(lambda _: None)
    assert victim(flood)[:2] == calm[:2]
    assert victim(flood)[2] > 100


def test_who_guesses_is_told_to_wait_and_others_are_not() -> None:
    driver = Driver()
    ada, _, made = pair(driver)
    thief = Node(driver, "thief")
    tries = limits.BURST // limits.REFUSAL_COST
    for number in range(tries):
        assert thief.error(mbx.QInfo(mbx.RecipientId(number.to_bytes(24, "big")))) is mbx.ErrorCode.GONE
    reads = driver.store.reads
    assert thief.get(mbx.Error, mbx.QInfo(made.rid)) == mbx.Error(mbx.ErrorCode.BUSY, 1)
    assert driver.store.reads == reads  # nothing was looked at
    ada.get(mbx.Info, mbx.QInfo(made.rid))
    driver.now = START - 100
    assert thief.error(mbx.QInfo(made.rid)) is mbx.ErrorCode.BUSY  # a clock set back fills nothing
    driver.now += 1
    assert thief.error(mbx.QInfo(made.rid)) is mbx.ErrorCode.GONE


def test_bytes_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BYTES_BURST", 40_000)
    monkeypatch.setattr(limits, "BYTES_RATE", 1000)
    driver = Driver()
    _, ben, made = pair(driver)
    for number in range(2):
        ben.send(made.sid, number, 3)
    busy = ben.get(mbx.Error, sending(made.sid, 2))
    assert busy.code is mbx.ErrorCode.BUSY
    assert busy.retry_after is not None
    driver.now += busy.retry_after
    ben.send(made.sid, 2)
    Node(driver, "ada").new(1)


@pytest.mark.parametrize("data", [b"", b"\xff", bytes(limits.MAX_FRAME + 1), b"\xa0"])
def test_what_is_no_frame_closes_its_connection_and_no_other(data: bytes) -> None:
    driver = Driver()
    _, ben, made = pair(driver)
    thief = Node(driver, "thief")
    (closed,) = driver.step(fx.Received(thief.connection, data))
    assert isinstance(closed, fx.Close)
    assert closed.connection == thief.connection
    assert closed.rule
    ben.send(made.sid, 1)
