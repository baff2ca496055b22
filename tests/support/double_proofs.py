"""The part of a node in memory that is about proofs of accounts; see `double_node`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from double_book import BERTA

from swarmnode.domain.book import PersonView
from swarmnode.domain.proofs import KnownTo, OwnProofView, ProofView
from swarmnode.errors import NotFound

OWN = OwnProofView(
    id="7",
    network="pigeon",
    account="acc1",
    address="coo@pigeon.example",
    handle="coo@pigeon.example",
    text=f"swarm:1:{'A' * 43}",
    place="profile",
    state="there",
    at=1_800_000_000,
    known_to=(KnownTo("1", "Ana"),),
)
THEIRS = ProofView(
    id="1",
    network="pigeon",
    address="berta@loft",
    handle="berta@loft",
    state="gone",
    why="says-other",
    seen_at=1_800_000_000,
    checked_at=1_800_000_600,
    link="2",
)


class DoubleProofs:
    """One account is proven; Berta claims one that names somebody else."""

    dropped = False

    def _note(self, name: str, *arguments: object, always: bool = False) -> None:
        raise NotImplementedError

    async def proofs(self) -> tuple[OwnProofView, ...]:
        self._note("proofs")
        waits = replace(
            OWN, id="8", network="dove", address="me", handle="me", state="waiting", why="offline"
        )
        return (waits,) if self.dropped else (OWN, replace(waits, known_to=()))

    async def plan_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        self._note("plan_proof", account, tuple(open_to))
        return replace(OWN, id="")

    async def make_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        self._note("make_proof", account, tuple(open_to))
        return OWN

    async def open_proof(self, proof: str, open_to: Sequence[str]) -> OwnProofView:
        self._note("open_proof", proof, tuple(open_to))
        if proof != OWN.id:
            raise NotFound("there is no such proof")
        return OWN

    async def drop_proof(self, proof: str) -> None:
        self._note("drop_proof", proof)
        self.dropped = True

    async def check_person(self, person: str) -> PersonView:
        self._note("check_person", person)
        return replace(BERTA, proofs=(THEIRS,))

    async def challenge(self, person: str, via: str) -> PersonView:
        self._note("challenge", person, via)
        return replace(BERTA, proofs=(replace(THEIRS, state="unchecked", why="asked", private=True),))

    async def refuse_challenge(self, person: str) -> PersonView:
        self._note("refuse_challenge", person)
        gone = replace(THEIRS, state="gone", why="refused-by-you", private=True)
        return replace(BERTA, proofs=(gone, replace(THEIRS, state="ok", why="", private=True)))
