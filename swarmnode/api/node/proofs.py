"""Proofs of accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...domain.book import PersonView
from ...domain.proofs import OwnProofView


class Proofs(Protocol):
    """What is asked of a node about proofs."""

    async def proofs(self) -> tuple[OwnProofView, ...]:
        """Accounts that are claimed, and what stands there."""
        ...

    async def plan_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        """What `make_proof` would do, with `known_to` whom it would be opened. Conflict where it is there."""
        ...

    async def make_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        """Claim an account, for contacts who know it and for these, and have it say so."""
        ...

    async def open_proof(self, proof: str, open_to: Sequence[str]) -> OwnProofView:
        """Let these contacts know which account is meant, too."""
        ...

    async def drop_proof(self, proof: str) -> None:
        """Claim an account no longer, and take back what it says."""
        ...

    async def check_person(self, person: str) -> PersonView:
        """Look now at the accounts that a person claims. Unreachable where that was done too often."""
        ...

    async def challenge(self, person: str, via: str) -> PersonView:
        """Ask a contact to show, to us alone, that an account is theirs; or agree, where they have asked.

        `via` names the conversation or the network; empty, it is the best one that carries bytes.
        """
        ...

    async def refuse_challenge(self, person: str) -> PersonView:
        """Say no to what they ask. NotFound where they ask nothing."""
        ...
