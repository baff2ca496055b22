"""How the vectors of carrying, of what is nearby, and of carriage are run (`protocol/vectors/README.md`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_protocol import carriage, carry, cbor, nearby
from swarm_protocol import meeting as met


def items(data: bytes) -> list[Any]:
    value = cbor.decode(data)
    assert isinstance(value, list)
    return value


def run_bundle(data: bytes) -> str:
    pieces = [data[at : at + 100] for at in range(0, len(data), 100)]
    return f"{len(list(carry.read(pieces).records))} records"


def run_tag(data: bytes) -> str:
    r = cbor.Record.decode(data, "tags")
    pair, week = carry.Pair(r.octets(1), r.octets(2), r.octets(3)), r.uint(4)
    assert (carry.CARRY.sent(pair, week), carry.CARRY.awaited(pair, week)) == (r.octets(5), r.octets(6))
    assert (pair.key_out.secret, pair.key_in.secret) == (r.octets(7), r.octets(8))
    return "ok"


def run_ack(data: bytes) -> str:
    assert carry.BundleAck.decode(data).encode() == data
    return "ok"


def run_code(data: bytes) -> str:
    assert carry.to_text(carry.from_text(data.decode())) == data.decode()
    return "ok"


def run_texts(data: bytes) -> str:
    texts = dict(items(data))
    assert nearby.encode_txt(nearby.decode_txt(texts)).items() <= texts.items()
    return "ok"


def run_tags(data: bytes) -> str:
    r = cbor.Record.decode(data, "tags")
    pair, now = nearby.Pair(r.octets(1), r.octets(2), r.octets(3)), r.uint(4)
    hour = nearby.BEACON.period(now)
    assert (nearby.BEACON.sent(pair, hour), nearby.DOOR_NAME.sent(pair, hour)) == (r.octets(5), r.octets(6))
    assert nearby.knock(pair, now=now, entropy=lambda _: r.octets(7)) == r.octets(8)
    assert (nearby.key_out(pair).secret, nearby.key_in(pair).secret) == (r.octets(9), r.octets(10))
    return "ok"


def run_knock(data: bytes) -> str:
    secret, own, other, now, frame = items(data)
    names = nearby.Expected.of(nearby.DOOR_NAME, {"caller": nearby.Pair(secret, own, other)}, now)
    assert nearby.Door().open(frame, names)[1] == "caller"
    return "ok"


def run_direct(data: bytes) -> str:
    sent, came, frame = items(data)
    nearby.Direct(frozenset(sent), frozenset(came)).handle(nearby.Heard(frame))
    return "ok"


def run_fragment(data: bytes) -> str:
    assert carriage.Fragment.decode(data).encode() == data
    return "ok"


def run_together(data: bytes) -> str:
    came, outcome = carriage.Reassembler(), "waiting"
    for blob in items(data):
        came, whole = came.add(carriage.Fragment.decode(blob), now=0)
        outcome = "whole" if whole is not None else outcome
    return outcome


def run_keys(data: bytes) -> str:
    r = cbor.Record.decode(data, "keys")
    pair = carry.Pair(r.octets(1), r.octets(2), r.octets(3))
    assert (carriage.key_out(pair).secret, carriage.key_in(pair).secret) == (r.octets(4), r.octets(5))
    return "ok"


def run_offer(data: bytes) -> str:
    encoded, transcript = items(data)
    offer = met.Offer.decode(encoded)
    assert (offer.encode(), offer.transcript) == (encoded, transcript)
    return "ok"


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "carry/bundle": run_bundle,
    "carry/tag": run_tag,
    "carry/ack": run_ack,
    "carry/code": run_code,
    "nearby/texts": run_texts,
    "nearby/tags": run_tags,
    "nearby/knock": run_knock,
    "nearby/direct": run_direct,
    "carriage/fragment": run_fragment,
    "carriage/together": run_together,
    "carriage/keys": run_keys,
    "carriage/offer": run_offer,
}
