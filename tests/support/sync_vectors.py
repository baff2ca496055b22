"""How the vectors of repair are run (`protocol/vectors/README.md`)."""

from __future__ import annotations

from collections.abc import Callable

from swarm_protocol import cbor, sync


def run_have(data: bytes) -> str:
    assert sync.Have.decode(data).encode() == data
    return "ok"


def run_request(data: bytes) -> str:
    assert sync.Request.decode(data).encode() == data
    return "ok"


def run_lacking(data: bytes) -> str:
    value = cbor.decode(data)
    assert isinstance(value, list)
    mine, theirs, asked = value
    request = sync.lacking(sync.Have.decode(mine), sync.Have.decode(theirs))
    assert (None if request is None else request.encode()) == asked
    return "ok"


def run_copy(data: bytes) -> str:
    assert sync.decode_copy(data).encode() == data
    return "ok"


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "sync/have": run_have,
    "sync/request": run_request,
    "sync/lacking": run_lacking,
    "sync/copy": run_copy,
}
