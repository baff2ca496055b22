"""Which way a message to a person takes: the best-channel rule, as a function of what is known (ADR 0030).

    what the owner prefers for this person, or else
    where the last word was, or else
    where it is safest: privacy, then health, then the last word

and never to a way that is less private than the one of the last word, or the preferred one, without asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Privacy(IntEnum):
    """Who can read along, from everybody to nobody."""

    PUBLIC = 0
    """Everybody; and where a network has not said yet, which may turn out so."""
    OPERATOR = 1
    """Whoever runs that network."""
    CARRIED = 2
    """Nobody: sealed envelopes over a network, which sees that two accounts exchange something."""
    SEALED = 3
    """Nobody: from node to node."""


OF_NETWORK = {
    "e2e": Privacy.SEALED,
    "carried": Privacy.CARRIED,
    "operator_reads": Privacy.OPERATOR,
    "public": Privacy.PUBLIC,
    "": Privacy.PUBLIC,
}
"""Privacy by the words of `ChatView.privacy`."""


@dataclass(frozen=True, slots=True)
class Way:
    """A conversation one to one, as far as the rule looks at it."""

    chat: str
    privacy: Privacy
    able: bool = True
    """It can take this message: it is open, and the message is not too long, nor of a kind that it lacks."""
    healthy: bool = True
    """It is connected now."""
    last_at: int = 0
    """When the last word was said in it, by either side; 0 for never. Unix seconds."""
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """The message goes this way."""

    way: Way


@dataclass(frozen=True, slots=True)
class Ask:
    """The owner is asked: what would be taken is less private than where the two last talked."""

    would: Way
    was: Way


@dataclass(frozen=True, slots=True)
class Nowhere:
    """There is no way that can take the message."""


def choose(ways: Sequence[Way]) -> Take | Ask | Nowhere:
    """The way that a message takes by itself, or the question for the owner."""
    able = sorted((way for way in ways if way.able), key=_safest)
    if not able:
        return Nowhere()
    preferred = [way for way in ways if way.preferred]
    talked = max((way for way in ways if way.last_at), key=_latest, default=None)
    wanted = max((way for way in preferred if way.able), key=_latest, default=None)
    if wanted is None and talked is not None and talked.able:
        wanted = talked
    best = wanted or able[0]
    measures = [way for way in (talked, *preferred) if way is not None]
    was = max(measures, key=lambda way: way.privacy, default=best)
    return Ask(best, was) if best.privacy < was.privacy else Take(best)


def _safest(way: Way) -> tuple[int, bool, int, str]:
    return -way.privacy, not way.healthy, -way.last_at, way.chat


def _latest(way: Way) -> tuple[int, int, str]:
    """The last word; of two that were said in one second, in the more private place."""
    return way.last_at, way.privacy, way.chat
