"""A node that knows the same person by node and by other networks, all in memory, and short words for it."""

from __future__ import annotations

from typing import Any

from bridge_core_world import can
from node_world import World

from swarm_bridges import api
from swarm_bridges.text import from_plain
from swarmnode.bridging.core import accounts, journal, persons, rooms, together
from swarmnode.domain.book import PersonView
from swarmnode.domain.views import Page
from swarmnode.services import book, book_changes
from swarmnode.services.step import Step

ME = api.Actor("me", is_owner=True)


class Anna:
    """Anna's node: Ben is a contact of hers, and on networks where she has accounts."""

    def __init__(self, *networks: str, seed: str = "one") -> None:
        self.world = World(seed)
        self.node, self.ben = self.world.person("anna", seed), self.world.person("ben", seed)
        self.world.meet(self.node, self.ben)
        self.ben_by_node: str = self.do(lambda step: book.of_contact(step, 1))
        """The id of the person who is Ben's persona."""
        self.accounts = {network: self.account(network) for network in networks}
        self._numbers = 0

    def do(self, wish: Any) -> Any:
        return self.node.do(wish)

    def account(self, network: str, **abilities: Any) -> api.AccountId:
        """An account of hers."""
        done = api.LoginDone(
            network_account_id="me", display="Anna", secrets={}, hosts=(f"{network}.example",)
        )
        made: api.AccountId = self.do(lambda step: accounts.add(step, network, done))
        self.do(lambda step: accounts.learn(step, made, None, can(**abilities)))
        return made

    def tell(self, network: str, *events: api.Event) -> None:
        """The network tells something."""
        self.do(lambda step: journal.ingest(step, self.accounts[network], api.Batch(events, None)))

    def talk(self, network: str, who: str, name: str = "", handle: str = "") -> str:
        """There is a conversation with somebody; its id."""
        ref = api.ConversationRef(f"with {who}")
        self.tell(
            network,
            api.ActorSeen(actor=api.Actor(who), name=name, handle=handle),
            api.ConversationSeen(
                conversation=ref, kind="direct", title=name or who, members=(api.Actor(who), ME)
            ),
        )

        def look(step: Step) -> str:
            account = accounts.find(step, self.accounts[network])
            return rooms.chat_id(rooms.of(step, account.id, ref).id)

        return str(self.do(look))

    def hear(self, network: str, who: str, text: str, *, mine: bool = False, at: float | None = None) -> None:
        """Somebody has said something there; or (`mine`) she, on another client."""
        self._numbers += 1
        ref = api.MessageRef(api.ConversationRef(f"with {who}"), f"n{self._numbers}")
        self.tell(
            network,
            api.MessageSeen(
                ref=ref, actor=ME if mine else api.Actor(who), body=from_plain(text), remote_time=at
            ),
        )

    def person(self, network: str, remote_id: str) -> str:
        """The id of the person with this account."""
        row = self.do(lambda step: book.account(step, network, remote_id))
        assert row is not None
        return book.person_id(row.person_id)

    def merge(self, into: str, other: str) -> str:
        """Two people are one; the change."""
        return str(self.do(lambda step: book_changes.merge(step, into, other)))

    def view(self, person: str) -> PersonView:
        view = self.do(lambda step: persons.person(step, person))
        assert isinstance(view, PersonView)
        return view

    def page(self, person: str, **more: Any) -> Page:
        page = self.do(lambda step: together.page(step, self.node.node, person, **more))
        assert isinstance(page, Page)
        return page

    def sees(self, person: str) -> list[tuple[str, str]]:
        """Networks and texts of the talk with a person."""
        return [(item.network, item.text) for item in self.page(person).items]
