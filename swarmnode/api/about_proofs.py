"""Routes about proofs: accounts that the owner claims, and a look at those that others do."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..domain.book import PersonView
from ..domain.proofs import OwnProofView
from ..domain.views import Items
from .about_book import Id
from .about_private import Through
from .access import Scope
from .route import Body, Call, Route

Contacts = Annotated[tuple[Id, ...], Meta(max_length=1000)]


class NewProof(Body, frozen=True, kw_only=True):
    """An account of the owner's, or a page, and contacts who are to know of it, too."""

    account: Annotated[str, Meta(min_length=1, max_length=1000)]
    """Or the address of a page of the owner's, `https://...`."""
    open_to: Contacts = ()
    dry_run: bool = False
    """Say what it would do, and change nothing."""


class Opening(Body, frozen=True, kw_only=True):
    """Contacts who are to know which account is meant."""

    open_to: Annotated[Contacts, Meta(min_length=1)]


async def proofs(call: Call) -> Items[OwnProofView]:
    """List proofs."""
    return Items(await call.node.proofs())


async def make_proof(call: Call, body: NewProof) -> OwnProofView:
    """Make a proof."""
    if body.dry_run:
        return await call.node.plan_proof(body.account, body.open_to)
    return await call.node.make_proof(body.account, body.open_to)


async def open_proof(call: Call, body: Opening) -> OwnProofView:
    """Open a proof."""
    return await call.node.open_proof(call.params["proof"], body.open_to)


async def drop_proof(call: Call) -> None:
    """Drop a proof."""
    await call.node.drop_proof(call.params["proof"])


async def check_person(call: Call) -> PersonView:
    """Check."""
    return await call.node.check_person(call.params["person"])


async def challenge(call: Call, body: Through) -> PersonView:
    """Ask in private, or agree."""
    return await call.node.challenge(call.params["person"], body.via)


async def refuse_challenge(call: Call) -> PersonView:
    """Refuse."""
    return await call.node.refuse_challenge(call.params["person"])


ROUTES = (
    Route("GET", "/proofs", proofs, Scope.READ, "Accounts that the owner claims, and what stands there"),
    Route("POST", "/proofs", make_proof, Scope.WRITE, "Claim an account, or say what that would do"),
    Route("POST", "/proofs/{proof}/open", open_proof, Scope.WRITE, "Let contacts know which account it is"),
    Route("DELETE", "/proofs/{proof}", drop_proof, Scope.WRITE, "Claim it no longer"),
    Route("POST", "/people/{person}/check", check_person, Scope.WRITE, "Look at the accounts they claim"),
    Route(
        "POST",
        "/people/{person}/challenge",
        challenge,
        Scope.WRITE,
        "Show each other, and nobody else, that two accounts are yours and theirs; or agree to that",
    ),
    Route("DELETE", "/people/{person}/challenge", refuse_challenge, Scope.WRITE, "Say no to what they ask"),
)
