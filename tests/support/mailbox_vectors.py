"""What is done with the vectors of the mailbox protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from swarm_protocol import cbor
from swarm_protocol import mailbox as mbx
from swarm_protocol.cbor import Value
from swarm_protocol.mailbox import forward, frames


def octets(value: Value) -> bytes:
    assert isinstance(value, bytes)
    return value


def values(value: Value) -> list[Value]:
    assert isinstance(value, list)
    return value


def run_command(data: bytes) -> str:
    frame, body = mbx.read_command(data)
    if frame.signature is None:
        assert frames.encode(frame.number, body) == data
    else:
        signed: dict[int, Value] = {
            1: int(body.type),
            2: frame.number,
            3: dict(body.fields()),
            4: frame.signature,
        }
        assert cbor.encode(signed) == data
    return "ok"


def run_connection(data: bytes) -> str:
    inbox = mbx.Inbox()
    for frame in values(cbor.decode(data)):
        inbox, _, _ = inbox.read(octets(frame))
    return "ok"


def run_answer(data: bytes) -> str:
    number, body = mbx.read_answer(data)
    assert frames.encode(number, body) == data
    return "ok"


def run_heard(data: bytes) -> str:
    relay, hello, key, exchanges = values(cbor.decode(data))
    caller = mbx.Caller.greeted(octets(hello), relay=octets(relay))
    for exchange in values(exchanges):
        asked, said = map(octets, values(exchange))
        frame, body = mbx.read_command(asked)
        assert frames.signed_by(frame, caller.session, octets(key))
        caller = replace(caller, waiting={**caller.waiting, frame.number: (body, octets(key))})
        caller, _, _ = caller.hear(said)
    return "ok"


def run_forward(data: bytes) -> str:
    secret, relay, sealed, answer = map(octets, values(cbor.decode(data)))
    sealer, _, _ = forward.unseal(relay, forward.relay_hpke_key(secret), sealed)
    mbx.read_answer(sealer.open_answer(answer))
    return "ok"


def run_ticket(data: bytes) -> str:
    r = cbor.Record.decode(data, "a vector of tickets")
    made = mbx.tickets(r.octets(1))
    ends = [made[0], made[255]]
    assert (len(made), ends) == (256, r.octets_array(2, at_most=2))
    assert [*map(mbx.ticket_hash, ends)] == r.octets_array(3, at_most=2)
    assert mbx.slot_id(r.octets(4), r.octets(5)) == r.octets(6)
    return "ok"


def run_record(data: bytes) -> str:
    assert mbx.QueueRecord.decode(data).encode() == data
    return "ok"


def run_control(data: bytes) -> str:
    assert mbx.QueueControl.decode(data).encode() == data
    return "ok"


def run_cursor(data: bytes) -> str:
    cursor = mbx.Cursor()
    for pair in values(cbor.decode(data)):
        first, last = values(pair)
        assert isinstance(first, int)
        assert isinstance(last, int)
        cursor, _ = cursor.gone(first, last)
    return "ok"


def run_rendezvous(data: bytes) -> str:
    r = cbor.Record.decode(data, "a vector of rendezvous")
    pair = mbx.Rendezvous(r.octets(1), r.octets(2), r.octets(3))
    place = pair.place(r.octets(4), r.uint(5), r.uint(6))
    assert (place.sid, place.queue_key) == (r.octets(7), r.octets(8))
    return "ok"


def run_sought(data: bytes) -> str:
    secret, sender, recipient, pin, since, now, sids = values(cbor.decode(data))
    assert since is None or isinstance(since, int)
    assert isinstance(now, int)
    pair = mbx.Rendezvous(octets(secret), octets(sender), octets(recipient))
    assert [place.sid for place in pair.sought(octets(pin), since, now)] == values(sids)
    return "ok"


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "mailbox/command": run_command,
    "mailbox/connection": run_connection,
    "mailbox/answer": run_answer,
    "mailbox/heard": run_heard,
    "mailbox/forward": run_forward,
    "mailbox/ticket": run_ticket,
    "mailbox/record": run_record,
    "mailbox/control": run_control,
    "mailbox/cursor": run_cursor,
    "mailbox/rendezvous": run_rendezvous,
    "mailbox/sought": run_sought,
}
