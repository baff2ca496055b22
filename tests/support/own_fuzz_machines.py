"""The fuzzer's targets of our own protocol that keep a state: a relay, who asks one, links, and backups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache, partial

import mailbox_world as mw
from fuzzing import Target, mutate_bytes, mutate_cbor
from own_fuzz import value_of, vectors
from own_fuzz_deep import taken

from swarm_protocol import cbor, labels, nearby
from swarm_protocol import mailbox as mbx
from swarm_protocol.cbor import Value
from swarm_protocol.errors import LimitError, RemoteProtocolError
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import forward, frames, limits
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import AccessDenied, UsageError
from swarmnode.services import packs
from vectors import mailbox as forge

SLOT = mbx.slot_id(b"link key", bytes(32))
BACKUP_KEY = bytes(range(32))


def scene() -> tuple[mw.Driver, list[mw.Node], mbx.Made]:
    """A relay, ada who reads a queue on it, ben who sends to that, and eve. It is the same each time."""
    driver = mw.Driver()
    ada, ben, made = mw.pair(driver)
    return driver, [ada, ben, mw.Node(driver, "eve")], made


def relay(data: bytes) -> bool:
    """An array of `[who, type, body]`: commands to a relay, each well signed. It answers or hangs up.

    What it stored is what it can start from, and ends in time.
    """
    driver, nodes, _ = scene()
    done = 0
    for item in value_of(data, list):
        if not isinstance(item, list) or len(item) != 3 or not isinstance(item[0], int):
            continue
        who = nodes[item[0] % len(nodes)]
        if who.connection in driver.closed:
            who.connect()
        who.caller = replace(who.caller, number=who.caller.number + 1)
        driver.step(fx.Received(who.connection, _signed(who, item[1], item[2])))
        for answer in driver.sent.pop(who.connection, []):
            number, said = mbx.read_answer(answer)
            assert number in {0, who.caller.number}
            done += not isinstance(said, mbx.Error)
    driver.crash()
    driver.pass_time(2 * limits.LEASE)
    return done > 0


def _signed(who: mw.Node, kind: Value, body: Value) -> bytes:
    """A command of whatever type and body, as its sender would sign it."""
    fields: dict[int, Value] = {1: kind, 2: who.caller.number, 3: body}
    if kind != frames.FrameType.FWD:
        session = who.caller.session
        signed = session.relay + session.nonce + cbor.encode(fields)
        fields[4] = labels.COMMAND_SIGNATURE.sign(who.key, signed)
    return cbor.encode(fields)


@cache
def _commands() -> list[bytes]:
    """Talks with a relay, of which each command does something, as long as those before it did."""
    _, (ada, ben, eve), made = scene()
    rid, sid = made.rid, made.sid
    new = mbx.New(mbx.Kind.INVITE, ada.key.public, mw.TICKETS[1])
    invite = ada.get(mbx.Made, new)
    record = mbx.QueueRecord("far.example:443", bytes(32), *_relay_keys(), sid, bytes(32))
    sealed = mbx.seal_send(record, mw.sending(sid, 3), ben.key, SeededEntropy("seal"))[1]
    send = mw.sending(sid, 1)
    sub = mbx.Sub(rid, 1, b"i" * 16)
    talks: list[list[tuple[int, CommandBody]]] = [
        [(1, send), (0, sub), (0, mbx.Pull(rid, 0, 8)), (0, mbx.Ack(rid, 1, mw.msg_id(1)))],
        [(1, mw.sending(sid, 2, bucket=1)), (0, mbx.QInfo(rid)), (0, mbx.Ext(rid)), (0, mbx.Off(rid))],
        [(2, mbx.Fwd(sealed)), (0, mbx.PFwd(rid, "far.example:443", bytes(32), b"sealed"))],
        [(0, new), (0, mbx.Put(invite.rid, SLOT, b"bundle")), (2, mbx.Fetch(SLOT, eve.key.public))],
        [(0, new), (2, mbx.SKey(invite.sid, eve.key.public)), (2, mw.sending(invite.sid, 5))],
        [(0, mbx.New(mbx.Kind.CONTACT, ada.key.public, mw.TICKETS[2], mbx.SenderId(b"s" * 24)))],
        [(1, send), (1, send), (0, mbx.Del(rid)), (1, mw.sending(sid, 4))],
    ]
    return [cbor.encode([[who, int(body.type), dict(body.fields())] for who, body in talk]) for talk in talks]


def _relay_keys() -> tuple[bytes, bytes]:
    keys = mw.relay_keys()
    return keys.signature.public, keys.hpke.public


def caller(data: bytes) -> bool:
    """An array of frames that a relay sends to who has asked everything, and reads a queue."""
    who = mbx.Caller(forge.SESSION, forge.HPKE.public, number=len(forge.COMMANDS))
    asked = enumerate(forge.COMMANDS.values(), 1)
    who = replace(
        who,
        waiting={number: (body, forge.ADA.public) for number, body in asked},
        reading=frozenset({forge.RID}),
    )
    believed = 0
    for frame in value_of(data, list):
        try:
            who, _, said = who.hear(frame if isinstance(frame, bytes) else b"")
        except RemoteProtocolError:
            continue
        believed += 1
        if isinstance(said, mbx.Delivery | mbx.Gap):
            numbers = (said.n, said.n) if isinstance(said, mbx.Delivery) else (said.first, said.last)
            taken(partial(mbx.Cursor().gone, *numbers))
    return believed > 0


@cache
def _answers() -> list[bytes]:
    """Each answer of the vectors under each number that it may answer."""
    said = []
    for data in vectors("mailbox/answer"):
        try:
            said.append(mbx.read_answer(data)[1])
        except RemoteProtocolError:
            continue
    return [
        cbor.encode([frames.encode(number, body) for number in range(1, len(forge.COMMANDS) + 1)])
        for body in said
    ]


def forwarded(data: bytes) -> bool:
    """What is sealed to a relay, which another passes on."""
    _, sealed = forward.seal(forge.RELAY.public, forge.HPKE.public, data, SeededEntropy("question"))
    return taken(lambda: forward.unseal(forge.RELAY.public, forge.HPKE, sealed))


def forwarded_answer(data: bytes) -> bool:
    """What the far relay answers, sealed."""
    asked = forge.SEND
    sealer, _ = mbx.seal_send(forge.RECORD, asked, forge.BEN, SeededEntropy("question"))
    try:
        sealed = sealer.seal_answer(data, SeededEntropy("answer"))
    except LimitError:
        return False
    return taken(lambda: mbx.open_forwarded(sealer, mbx.Answer(sealed), forge.RECORD, asked))


def direct(data: bytes) -> bool:
    """An array of frames on a direct link, one of whose ends has offered something."""
    link, heard = nearby.Direct(sent=frozenset({bytes(16), b"\1" * 16})), 0
    for frame in value_of(data, list):
        try:
            link, effect = link.handle(nearby.Heard(frame if isinstance(frame, bytes) else b""))
        except RemoteProtocolError:
            continue
        heard += 1
        if isinstance(effect, nearby.Deliver):
            link, _ = link.handle(nearby.Keep(frozenset({effect.id})))
        assert len(link.came) <= 256
    return heard > 0


def knock(data: bytes) -> bool:
    """The first frame of whoever calls."""
    pair = nearby.Pair(b"p" * 32, b"own leaf", b"other leaf")
    names = nearby.Expected.of(nearby.DOOR_NAME, {"caller": pair}, mw.START)
    return taken(lambda: nearby.Door().open(data, names))


def _knocks() -> list[bytes]:
    pair = nearby.Pair(b"p" * 32, b"other leaf", b"own leaf")
    return [nearby.knock(pair, now=mw.START, entropy=SeededEntropy("knock"))]


def backup(data: bytes) -> bool:
    """What is inside the one pack of a backup, under its key. Its last record is for the reader alone."""
    sealed = packs._Sealer(BACKUP_KEY, bytes(16)).seal(data[: packs.ROOM], SeededEntropy("pack"))
    head = packs.MAGIC + bytes([packs.VERSION]) + bytes(16)
    try:
        records = list(packs.read(BACKUP_KEY, (head, sealed)))
    except (UsageError, AccessDenied):
        return False
    assert all(len(record) > 1 for record in records)
    return True


def _packed() -> Iterable[bytes]:
    """Packs as they are inside, without what fills them up."""
    some: list[list[Value]] = [[1, b"one"], [2, {1: "two"}]]
    for records in ([], some):
        whole = b"".join(packs.write(BACKUP_KEY, records, entropy=SeededEntropy("backup")))
        inside = packs._Sealer(BACKUP_KEY, whole[17:33]).open(whole[65:], "")
        yield inside.rstrip(b"\0")


MACHINES: dict[str, Target] = {
    "mailbox-relay": Target(relay, _commands, mutate_cbor, slow=True),
    "mailbox-caller": Target(caller, _answers, mutate_cbor, slow=True),
    "mailbox-forwarded": Target(
        forwarded, lambda: [frames.sign_forwarded(forge.RELAY.public, forge.SEND, forge.BEN)], mutate_cbor
    ),
    "mailbox-forwarded-answer": Target(forwarded_answer, partial(vectors, "mailbox/answer"), mutate_cbor),
    "nearby-direct": Target(
        direct, partial(vectors, "nearby/direct", lambda v: [cbor.encode([v[2]])]), mutate_cbor
    ),
    "nearby-knock": Target(knock, _knocks, mutate_bytes),
    "backup": Target(backup, _packed, mutate_bytes, slow=True),
}
