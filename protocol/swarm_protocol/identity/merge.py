"""Two copies of one chain become one (spec 10 §4).

Where the copies part, one of them wins if it reveals the next root to which the other is committed: only who
has the recovery kit can do that, and a rotation vouches for all that lies before it. The loser's links are
void. Where neither or both do, one root has signed two chains, and the merge gives the evidence. So of honest
copies it does not matter which arrives first, or how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from . import rules
from .chain import Sigchain
from .evidence import Evidence
from .keys import next_root_hash
from .link import Genesis, Link, Rotate


class Outcome(Enum):
    """What a merge came to, seen from our copy."""

    SAME = "same"
    """Theirs is ours, or an older copy of it."""
    EXTENDED = "extended"
    """Theirs goes on where ours ends."""
    REPLACED = "replaced"
    """A rotation in theirs supersedes the end of ours."""
    KEPT = "kept"
    """A rotation in ours supersedes the end of theirs."""
    FORKED = "forked"
    """One root signed both: ours stays, under accusation."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The chain after a merge, and the links that a rotation made void, from whichever copy."""

    outcome: Outcome
    chain: Sigchain
    void: tuple[Link, ...] = ()


def merge(mine: Sigchain, theirs: Sigchain) -> Merged:
    """Merge somebody's copy into ours; neither changes.

    Raises:
        UnexpectedMessage: they are chains of two personas.
    """
    if mine.persona_id != theirs.persona_id:
        raise rules.COPY_PERSONA.unexpected()
    parting = _parting(mine.links, theirs.links)
    if parting == len(theirs.links):
        return Merged(Outcome.SAME, _with_accusations(mine, theirs))
    if parting == len(mine.links):
        return Merged(Outcome.EXTENDED, _with_accusations(theirs, mine))
    they_win = mine.state.commitments[-1] in _revealed(theirs, parting)
    we_win = theirs.state.commitments[-1] in _revealed(mine, parting)
    if they_win and not we_win:
        return Merged(Outcome.REPLACED, _with_accusations(theirs, mine), mine.links[parting:])
    if we_win and not they_win:
        return Merged(Outcome.KEPT, _with_accusations(mine, theirs), theirs.links[parting:])
    chain = _with_accusations(mine, theirs).accuse(_evidence(mine, theirs, parting))
    return Merged(Outcome.FORKED, chain)


def receive(mine: Sigchain, links: Sequence[Link]) -> Merged:
    """Merge links that arrived without those before them: more of our chain, or a rotation that cuts into it.

    Raises:
        UnexpectedMessage: they start after the end of our copy; fetch what lies between.
        RuleViolation: they do not stand where they say.
    """
    if not links:
        return Merged(Outcome.SAME, mine)
    start = links[0].seq
    if start > len(mine.links):
        raise rules.COPY_GAP.unexpected(f"{start} follows {len(mine.links) - 1}")
    theirs = Sigchain.verify(links) if start == 0 else mine.upto(start - 1).extend(links)
    return merge(mine, theirs)


def _parting(mine: Sequence[Link], theirs: Sequence[Link]) -> int:
    """The number of links that both have in common."""
    pairs = enumerate(zip(mine, theirs, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(mine), len(theirs)))


def _revealed(chain: Sigchain, start: int) -> set[bytes]:
    """The hashes of the roots that rotations from link `start` on reveal."""
    return {next_root_hash(link.signer) for link in _rotations(chain, start)}


def _with_accusations(chain: Sigchain, other: Sigchain) -> Sigchain:
    """The chain with what was confirmed and what is open in either copy."""
    chain = Sigchain(chain.links, chain.state, chain.forks, chain.confirmed | other.confirmed)
    for fork in (*chain.forks, *other.forks):
        chain = chain.accuse(fork)
    return chain


def _evidence(mine: Sigchain, theirs: Sigchain, parting: int) -> Evidence:
    """Evidence of two copies that part without a winner.

    Where not both have rotations since, the links at the parting: one root signed them, for the only other
    pair, a rotation and something else, has a winner. Else two rotations that reveal one root: the first that
    differ in what they are committed to, which nothing can settle, or the last.
    """
    ours, others = _rotations(mine, parting), _rotations(theirs, parting)
    pairs = [(a, b) for a in ours for b in others if a.signer == b.signer]
    if not pairs:
        return Evidence.make(_path(mine, parting), mine.links[parting], theirs.links[parting])
    a, b = next((pair for pair in pairs if _next_root(pair[0]) != _next_root(pair[1])), pairs[-1])
    # Each side has a path to that root; both sides are to give the same evidence.
    paths = _path(mine, a.seq), _path(theirs, b.seq)
    return Evidence.make(min(paths, key=lambda path: [link.hash for link in path]), a, b)


def _rotations(chain: Sigchain, start: int) -> list[Link]:
    return [link for link in chain.links[start:] if isinstance(link.body, Rotate)]


def _next_root(link: Link) -> bytes:
    assert isinstance(link.body, Rotate)
    return link.body.next_root


def _path(chain: Sigchain, end: int) -> tuple[Link, ...]:
    """The genesis and the rotations before link `end`."""
    return tuple(link for link in chain.links[:end] if isinstance(link.body, Genesis | Rotate))
