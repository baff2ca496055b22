"""How the vectors of claims are run (`protocol/vectors/README.md`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from swarm_protocol import cbor, claims
from swarm_protocol.identity import PersonaId, Sigchain


def items(data: bytes) -> list[Any]:
    value = cbor.decode(data)
    assert isinstance(value, list)
    return value


def run_opened(data: bytes) -> str:
    assert claims.encode_opened(claims.decode_opened(data)) == data
    return "ok"


def run_text(data: bytes) -> str:
    r = cbor.Record.decode(data, "a claim")
    claim = claims.Claim(r.text(2, at_most=99), r.text(3, at_most=99), r.octets(4))
    assert (claim.hash, claim.text(PersonaId(r.octets(1)))) == (r.octets(5), r.text(6, at_most=99))
    return "ok"


def run_public(data: bytes) -> str:
    assert len(claims.read_text(data.decode())) == 32
    return "ok"


def run_standing(data: bytes) -> str:
    chain, claim = items(data)
    claims.Claim.read(claim).check_stands(Sigchain.decode(chain))
    return "ok"


def run_look(data: bytes) -> str:
    persona, claim, proven, seen = items(data)
    look: claims.Look = claims.NoAnswer() if seen is None else claims.NotThere()
    if seen:
        handle, texts = seen
        look = claims.Shown(handle, frozenset(texts))
    return claims.judge(claims.Claim.read(claim), PersonaId(persona), look, proven=proven).value


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "claims/opened": run_opened,
    "claims/text": run_text,
    "claims/public": run_public,
    "claims/standing": run_standing,
    "claims/look": run_look,
}
