"""How the vectors of envelopes are run (`protocol/vectors/README.md`)."""

from __future__ import annotations

from collections.abc import Callable

from swarm_protocol import cbor
from swarm_protocol import envelope as env


def run_envelope(data: bytes) -> str:
    items = cbor.decode(data)
    assert isinstance(items, list)
    key, envelope = items
    frame = env.open_envelope(env.QueueKey(key), envelope)
    bucket = env.Bucket(len(envelope))
    assert env.seal_envelope(env.QueueKey(key), frame, entropy=lambda _: envelope[1:25], at_least=bucket) == (
        envelope
    )
    return "ok"


def run_frame(data: bytes) -> str:
    assert env.Frame.decode(data).encode() == data
    return "ok"


def run_parts(data: bytes) -> str:
    payloads = cbor.decode(data, max_size=1 << 20)
    assert isinstance(payloads, list)
    reassembler, outcome = env.Reassembler(), "waiting"
    for payload in payloads:
        assert isinstance(payload, bytes)
        reassembler, happened = reassembler.add(env.Part.decode(payload), now=0)
        match happened:
            case env.Whole():
                outcome = "whole"
            case env.Gap(fault=fault):
                assert fault is not None
                raise fault
    return outcome


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "envelope/envelope": run_envelope,
    "envelope/frame": run_frame,
    "envelope/parts": run_parts,
}
