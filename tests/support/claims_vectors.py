"""How the vectors of claims are run (`protocol/vectors/README.md`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from swarm_protocol import cbor, claims
from swarm_protocol.identity import PersonaId, Sigchain

NOW = 1_800_000_000
"""What vectors that name no time are about."""


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


def run_challenge(data: bytes) -> str:
    assert claims.encode_word(claims.decode_word(data)) == data
    return "ok"


def _come(ask: bytes, asker: bytes, asked: bytes, now: int) -> claims.Challenge:
    word = claims.decode_word(ask)
    assert isinstance(word, claims.Ask)
    return claims.Challenge.come(word, PersonaId(asker), PersonaId(asked), now=now)


def run_answer(data: bytes) -> str:
    r = cbor.Record.decode(data, "answers")
    made = _come(r.octets(3), r.octets(1), r.octets(2), NOW)
    asked = made.agree(now=NOW, entropy=lambda _: r.octets(4))
    asker = replace(asked, ours=True)
    assert (asker.answer, asked.answer) == (r.octets(5), r.octets(6))
    return "ok"


def run_heard(data: bytes) -> str:
    now, (_, ask, asker, asked), *happened = items(data)
    challenge = _come(ask, asker, asked, now)
    for what, *values in happened:
        match what:
            case 1:
                challenge = challenge.agree(now=now, entropy=lambda _, nonce=values[0]: nonce)
            case 2:
                sender, recipient, answer = values
                challenge = challenge.heard(answer, sender=sender, recipient=recipient, now=now)
            case _:
                challenge = challenge.end()
    return challenge.stage.value


RUNNERS: dict[str, Callable[[bytes], str]] = {
    "claims/opened": run_opened,
    "claims/text": run_text,
    "claims/public": run_public,
    "claims/standing": run_standing,
    "claims/look": run_look,
    "claims/challenge": run_challenge,
    "claims/answer": run_answer,
    "claims/heard": run_heard,
}
