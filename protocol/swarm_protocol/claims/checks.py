"""What a look at an account says about a claim (spec 42 §4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from ..identity import PersonaId
from .claim import Claim


class State(StrEnum):
    """How it stands with a claim of a contact."""

    UNCHECKED = "unchecked"
    OK = "ok"
    """Persona and account name each other."""
    CHANGED = "changed"
    """The account named this persona, and names another one now."""
    GONE = "gone"
    """The account, or what it said of this persona, is not there."""
    UNREACHABLE = "unreachable"
    """It could not be looked at."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An account as its network shows it: its handle, and the public texts of claims that stand there."""

    handle: str = field(repr=False)
    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class NotThere:
    """The network says that there is no such account."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody could be asked, did not answer, or nobody vouches for the answer."""


Look: TypeAlias = Shown | NotThere | NoAnswer


def judge(claim: Claim, persona_id: PersonaId, look: Look, *, proven: bool) -> State:
    """What a look makes of a claim that its persona stands by; `proven`: it was OK before, at any time.

    A handle under which the network shows another account than the claim's says nothing about that one.
    """
    match look:
        case NoAnswer():
            return State.UNREACHABLE
        case Shown(handle, texts) if handle == claim.handle:
            if claim.text(persona_id) in texts:
                return State.OK
            return State.CHANGED if texts and proven else State.GONE
        case _:
            return State.GONE
