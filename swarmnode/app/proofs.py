"""What a person wants of proofs, turned into steps of the runner and calls of bridges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from swarm_bridges import api
from swarm_protocol.claims import Claim

from ..bridging.core import abilities, accounts, challenges, persons, together
from ..domain.book import PersonView
from ..domain.pages import is_address, page
from ..domain.proofs import OwnProofView
from ..errors import Unreachable
from ..services import challenges as asked
from ..services import own_claims
from ..services.node import Node
from ..services.proofs import PAGES
from ..services.step import Step
from ..storage.bridge_shelves import ACTORS
from .book import AddressBook
from .for_people import for_people


class Proofs(AddressBook):
    """The part of `api.node.Node` that is about proofs of accounts."""

    async def proofs(self) -> tuple[OwnProofView, ...]:
        """See `api.node.Node`."""
        return tuple(await self._look(own_claims.all_of))

    async def plan_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        """See `api.node.Node`."""
        if known := await self._page_of(account):
            return known
        claim, remote_id, place = await self._claim(account)
        return await self._look(
            lambda step, node: own_claims.plan(step, node, claim, remote_id, place, open_to)
        )

    async def make_proof(self, account: str, open_to: Sequence[str]) -> OwnProofView:
        """See `api.node.Node`."""
        if known := await self._page_of(account):
            await self._do(lambda step, _: own_claims.say_again(step, PAGES, known.handle))
            await (await self.hosted.get()).prover.publish()
            return await self.open_proof(known.id, open_to)
        claim, remote_id, place = await self._claim(account)

        def make(step: Step, node: Node) -> str:
            return str(own_claims.make(step, node, claim, remote_id, place, open_to).id)

        made = await self._do(make)
        await (await self.hosted.get()).prover.publish("" if is_address(account) else account)
        return await self._proof(made)

    async def _page_of(self, account: str) -> OwnProofView | None:
        """A page that is claimed already: to claim it again is to look whether it says so by now."""
        if not is_address(account):
            return None
        url = page(account)

        def look(step: Step, node: Node) -> OwnProofView | None:
            views = own_claims.all_of(step, node)
            return next((view for view in views if (view.network, view.handle) == (PAGES, url)), None)

        return await self._look(look)

    async def _claim(self, account: str) -> tuple[Claim, str, str]:
        """A claim of an account, the account's id here, and where its text is to stand.

        The network is asked for the handle, where it can be asked.
        """
        if is_address(account):
            url = page(account)
            return await self._look(
                lambda step, _: (Claim.make(PAGES, url, address=url, entropy=step.entropy), url, "page")
            )

        def able(step: Step) -> accounts.Account:
            row = accounts.find(step, account)
            abilities.need(accounts.capabilities(step, row, None) or abilities.UNKNOWN, "claim")
            return accounts.get(step, account)

        known = await self._look(lambda step, _: able(step))
        supervisor = (await self.hosted.get()).supervisor
        handle, place = known.owner, "header"
        with for_people():
            try:
                seen: api.ClaimsSeen = await supervisor.caller(known.account).call(
                    known.account, "read_claims", who=api.Actor(known.owner, is_owner=True)
                )
            except api.NotSupported:
                pass
            else:
                handle, place = seen.handle or seen.actor.remote_id, seen.where
        address = await self._look(lambda step, _: _address(step, known))

        def made(step: Step, _: Node) -> Claim:
            return Claim.make(known.package, handle, address=address, entropy=step.entropy)

        return await self._look(made), known.owner, place

    async def _proof(self, proof: str) -> OwnProofView:
        def look(step: Step, node: Node) -> OwnProofView:
            return own_claims.view(step, node, own_claims.find(step, proof))

        return await self._look(look)

    async def open_proof(self, proof: str, open_to: Sequence[str]) -> OwnProofView:
        """See `api.node.Node`."""
        await self._do(lambda step, node: own_claims.open_to(step, node, proof, open_to))
        return await self._proof(proof)

    async def drop_proof(self, proof: str) -> None:
        """See `api.node.Node`."""
        view = await self._proof(proof)
        await self._do(lambda step, node: own_claims.drop(step, node, proof))
        if view.account:
            await (await self.hosted.get()).prover.publish(view.account)

    # Others'

    async def person(self, person: str) -> PersonView:
        """See `api.node.Node`. What they claim is looked at again, if that was not done for a while."""
        view = await super().person(person)
        host = None if self._hosted is None else self._hosted.running
        if host is not None:
            host.prover.shown(view.id)
        return view

    async def check_person(self, person: str) -> PersonView:
        """See `api.node.Node`."""
        view = await self._look(lambda step, _: persons.person(step, person))
        if not await (await self.hosted.get()).prover.check(view.id):
            raise Unreachable(
                "too much was looked at within an hour", hint="It goes on by itself, a little later."
            )
        return await self._look(lambda step, _: persons.person(step, person))

    # Between two alone

    async def challenge(self, person: str, via: str) -> PersonView:
        """See `api.node.Node`."""
        view = await self._look(lambda step, _: persons.person(step, person))
        opened = await self._look(
            lambda step, _: challenges.to_open(step, view, via) or together.to_open(step, person, via)
        )
        if opened is not None:
            await self.open_chat(*opened)
            view = await self._look(lambda step, _: persons.person(step, person))
        place = await self._look(lambda step, _: challenges.place(step, view, via))
        meant = place.meant
        if place.asks:
            mine = await self._handle(place.account, api.Actor(meant.mine, is_owner=True))
            theirs = await self._handle(place.account, api.Actor(meant.theirs))
            meant = replace(meant, mine=mine, theirs=theirs)
        await self._do(lambda step, node: asked.ask(step, node, place.contact, meant))
        return await self._look(lambda step, _: persons.person(step, person))

    async def _handle(self, account: api.AccountId, who: api.Actor) -> str:
        """What all servers of a network call an account."""
        supervisor = (await self.hosted.get()).supervisor
        with for_people():
            seen: api.ClaimsSeen = await supervisor.caller(account).call(account, "read_claims", who=who)
        return seen.handle or who.remote_id

    async def refuse_challenge(self, person: str) -> PersonView:
        """See `api.node.Node`."""

        def refuse(step: Step, node: Node) -> PersonView:
            view = persons.person(step, person)
            asked.refuse(step, node, [int(link.contact) for link in view.links if link.contact])
            return persons.person(step, person)

        return await self._do(refuse)


def _address(step: Step, account: accounts.Account) -> str:
    """What people type to find an account of the owner's."""
    row = accounts.find(step, account.account)
    actor = ACTORS.one(step.tx, account_id=row.id, remote_id=account.owner)
    return (actor.handle if actor is not None else "") or account.display
