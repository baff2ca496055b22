"""Anna and Ben, contacts by node, each with an account on one network, and what accounts there say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from book_world import Anna
from bridge_core_world import can

from swarm_bridges import api
from swarm_bridges.api import Level
from swarm_protocol.claims import Claim
from swarm_protocol.testing import SeededEntropy
from swarmnode.bridging.core import accounts, proofs
from swarmnode.domain.book import LinkView, PersonView
from swarmnode.domain.proofs import OwnProofView, ProofView
from swarmnode.services import contacts, own_claims
from swarmnode.services.step import Step

BEN, MALLORY = "u-ben", "u-mallory"
ALL = {"text": Level.FULL, "claim": Level.FULL}


class Proving(Anna):
    """Anna's node as in `Anna`, Ben's with an account too; `public` is what stands where all can read it."""

    def __init__(self, *, levels: dict[str, Level] | None = None) -> None:
        super().__init__("demo", seed="proving")
        self.levels = levels or ALL
        self.do(lambda step: accounts.learn(step, self.accounts["demo"], None, can(levels=self.levels)))
        done = api.LoginDone(network_account_id=BEN, display="Ben", secrets={}, hosts=("demo.example",))
        self.ben_account: api.AccountId = self.ben.do(lambda step: accounts.add(step, "demo", done))
        self.ben.do(lambda step: accounts.learn(step, self.ben_account, None, can(levels=self.levels)))
        self.public: dict[str, tuple[str, ...]] = {BEN: (), MALLORY: ()}
        self.entropy = SeededEntropy("proving")

    # Ben

    def claim(self, handle: str = BEN, *, open_to: Sequence[str] = ("1",)) -> OwnProofView:
        """Ben makes a proof, and his account says it."""
        made = Claim.make("demo", handle, address=handle, entropy=self.entropy)

        def make(step: Step) -> OwnProofView:
            row = own_claims.make(step, self.ben.node, made, handle, "profile", open_to)
            return own_claims.view(step, self.ben.node, row)

        view = self.ben.do(make)
        self.publish()
        self.world.run(5)
        return view

    def publish(self) -> None:
        """Ben's node tells his account what to say, if it is due."""
        for what in self.ben.do(lambda step: proofs.to_publish(step, self.ben.node)):
            self.public[BEN] = what.texts
            self._published(what)

    def _published(self, what: proofs.Publishing) -> None:
        self.ben.do(lambda step: proofs.published(step, what))

    def drop(self, proof: str) -> None:
        """Ben takes it back."""
        self.ben.do(lambda step: own_claims.drop(step, self.ben.node, proof))
        self.publish()
        self.world.run(5)

    def own(self) -> list[OwnProofView]:
        """What Ben is shown of his proofs."""
        views: list[OwnProofView] = self.ben.do(lambda step: own_claims.all_of(step, self.ben.node))
        return views

    # Anna

    def event(self, remote_id: str, **more: Any) -> api.ClaimsSeen:
        """What the network tells of an account."""
        return api.ClaimsSeen(
            actor=api.Actor(remote_id), claims=self.public[remote_id], where="profile", **more
        )

    def look(self, person: str = "") -> int:
        """Anna's node looks at what is due, or at a person; how many accounts it looked at."""
        wanted = self.do(lambda step: proofs.to_look_at(step, person))
        for looking in wanted:
            there = looking.remote_id or looking.address
            event = self.event(there) if there in self.public else None
            self.do(lambda step, one=looking, event=event: proofs.found(step, one, event))
        return len(wanted)

    def next_week(self) -> None:
        """A week and some pass."""
        self.world.wall_s += 10 * 86_400

    def proof(self) -> ProofView:
        """What Anna is shown of the only proof of Ben's."""
        (view,) = self.view(self.ben_by_node).proofs
        return view

    def ben_is(self) -> PersonView:
        """Ben as Anna sees him."""
        return self.view(self.ben_by_node)

    def link(self, remote_id: str = BEN, network: str = "demo") -> LinkView:
        """The account, as Anna's address book has it."""
        view = self.view(self.person(network, remote_id))
        return next(link for link in view.links if link.remote_id == remote_id)

    def standing(self) -> str:
        """How Ben stands with Anna."""
        found: str = self.do(lambda step: contacts.get(step, "1")).standing
        return found
