"""Nodes with accounts on one network, which carries bytes and does to them what networks do.

The bridges' core of each node is real, and so are journal and outbox; the network is here. Each account may
say what it wants to any other in their direct conversation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bridge_core_world import can
from node_world import Person, World

from swarm_bridges import api
from swarm_bridges.api import Level
from swarm_protocol.carriage import Fragment
from swarmnode.bridging.core import accounts, calls, carriage, journal, outbox, persons, rooms
from swarmnode.domain.views import InviteView
from swarmnode.errors import NodeError
from swarmnode.services import book, contacts, conversations, offers
from swarmnode.services.step import Step
from swarmnode.storage.bridge_shelves import ROOMS, RemoteConversation
from swarmnode.storage.carriage_shelves import CAME, PIECES, ROUTES
from swarmnode.storage.shelf import Shelf
from swarmnode.storage.shelves import CONTACTS, OUTBOX, PEERS


@dataclass
class Said:
    """Something that the network was given."""

    by: str
    to: str
    blob: bytes
    text: str
    intent: str = ""


Fault = Callable[[Said], list[float]]
"""After how many seconds what was said comes, each time that it does: empty for never."""


def at_once(said: Said) -> list[float]:
    del said
    return [0.0]


@dataclass
class Network:
    """A network. `refuses` raises instead of taking something."""

    world: World
    size: int = 100_000
    form: str = "binary"
    fault: Fault = at_once
    refuses: Callable[[Said], api.BridgeError | None] = lambda _: None
    accounts: dict[str, Person] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    late: list[tuple[float, Said]] = field(default_factory=list)
    off: bool = False
    told: bool = True
    """Whether a conversation is told of before what comes in it."""

    def able(self) -> api.Capabilities:
        levels = {"text": Level.FULL, "opaque": Level.FULL}
        more = {"opaque_bytes": self.size, "opaque_form": self.form, "repeat": api.Repeat.KEYED}
        return can(levels=levels, repeat_window_s=86_400.0, version=str(self.size), **more)

    def join(self, person: Person, *, talks_with: tuple[str, ...] = ()) -> None:
        """Somebody gets an account; with those named there was talk."""

        def join(step: Step) -> None:
            login = api.LoginDone(network_account_id=person.name, display=person.name, secrets={})
            account = accounts.add(step, "demo", login)
            accounts.learn(step, account, None, self.able())
            journal.ingest(
                step, account, api.Batch(tuple(self._room(person.name, other) for other in talks_with))
            )
            row = accounts.find(step, account)
            for other in talks_with:
                room = rooms.of(step, row.id, api.ConversationRef(other, private=True))
                outbox.send(step, rooms.chat_id(room.id), outbox.Saying("hello in the clear"))

        self.accounts[person.name] = person
        person.do(join)
        self.turn()

    def learn(self) -> None:
        """All accounts hear what the network can do now."""
        for person in self.accounts.values():
            person.do(lambda step: accounts.learn(step, accounts.all_of(step)[0].account, None, self.able()))

    def _room(self, me: str, other: str) -> api.ConversationSeen:
        return api.ConversationSeen(
            conversation=api.ConversationRef(other, private=True),
            kind="direct",
            members=(api.Actor(me, is_owner=True), api.Actor(other)),
            members_complete=True,
        )

    def carried(self, by: str = "") -> list[Said]:
        """What was said for nodes, by somebody."""
        return [said for said in self.said if said.blob and by in {"", said.by}]

    # What passes

    def turn(self) -> bool:
        """Let the outboxes have their turn, and what is due arrive; whether anything happened."""
        happened = False
        for name, person in self.accounts.items():
            while not self.off and person.on and (call := self._take(person)) is not None:
                happened = True
                self._called(name, person, call)
        due = [item for item in self.late if item[0] <= self.world.tick]
        for item in due:
            self.late.remove(item)
            self.deliver(item[1])
        return happened or bool(due)

    def _take(self, person: Person) -> calls.Call | None:
        return person.do(lambda step: calls.take(step, accounts.all_of(step)[0].account))

    def _called(self, name: str, person: Person, call: calls.Call) -> None:
        out: api.Outgoing = call.arguments["out"]
        blob, text = call.arguments.get("blob", b""), out.parts[0].text
        said = Said(name, out.conversation.remote_id, blob, text, call.intent)
        error = self.refuses(said)
        result: calls.Result = error
        if error is None:
            self.said.append(said)
            if said.blob:
                assert len(said.blob) <= self.size
                self.late += [(self.world.tick + after, said) for after in self.fault(said)]
            ref = api.MessageRef(out.conversation, str(len(self.said)))
            result = api.Accepted((ref,))
        person.do(lambda step: calls.settle(step, call.intent, result))

    def deliver(self, said: Said, *, by: str = "") -> None:
        """Bring something to whom it was said, from whoever said it, or another one."""
        person, author = self.accounts.get(said.to), by or said.by
        if person is None or not person.on:
            if person is not None:
                self.late.append((self.world.tick + 5.0, said))
            return
        ref = api.MessageRef(api.ConversationRef(author, private=True), f"m{len(self.said)}")
        seen = api.OpaqueSeen(ref=ref, actor=api.Actor(author), blob=said.blob)
        events = (self._room(said.to, author), seen) if self.told else (seen,)
        person.do(lambda step: journal.ingest(step, accounts.all_of(step)[0].account, api.Batch(events)))

    def report(self, said: Said, *, where: str = "") -> None:
        """Tell who said something that it did not arrive; `where` is another conversation than it was."""
        there = api.ConversationRef(where or said.to, private=True)
        event = api.DeliveryFailed(
            target=api.MessageRef(there, "1"),
            reason="the mailbox\nis full",
            intent=api.IntentId(said.intent),
        )
        person = self.accounts[said.by]
        person.do(lambda step: journal.ingest(step, accounts.all_of(step)[0].account, api.Batch((event,))))

    def run(self, seconds: float) -> None:
        """Let time pass, with the network's turns in between."""
        end = self.world.tick + seconds
        while True:
            self.world.settle()
            if self.turn():
                continue
            wakes = [p.wake for p in self.world.people if p.wake is not None and p.on]
            soonest = min([*wakes, *(at for at, _ in self.late)], default=end)
            if self.world.tick >= end and soonest > end:
                return
            self.world.run(max(0.0, min(soonest, end) - self.world.tick))

    # What people do

    def person_of(self, step: Step, other: str) -> str:
        account = book.account(step, "demo", other)
        assert account is not None
        return book.person_id(account.person_id)

    def private(self, person: Person, other: str) -> InviteView:
        """Somebody wants to talk privately with another one."""

        def wish(step: Step) -> InviteView:
            view = persons.person(step, self.person_of(step, other))
            room, able = carriage.find(step, view)
            return offers.offer(step, person.node, room.id, size=able.opaque_bytes, form=able.opaque_form)

        return person.do(wish)

    def requests(self, person: Person) -> list[str]:
        """Who asks."""
        return person.do(lambda s: [v.id for v in contacts.all_of(s) if v.standing == "request"])

    def answer(self, person: Person, *, yes: bool = True) -> None:
        """Answer the one who asks."""
        (request,) = self.requests(person)
        person.do(lambda step: contacts.answer_request(step, person.node, request, yes=yes))

    def meet(self, one: Person, other: Person) -> None:
        """One wants to talk privately, the other agrees."""
        self.private(one, other.name)
        self.run(1)
        self.answer(other)
        self.run(5)

    def use(self, person: Person, other: str, *, on: bool = True) -> None:
        """Let the conversation with another one be used, or not."""

        def wish(step: Step) -> None:
            view = persons.person(step, self.person_of(step, other))
            room, able = carriage.find(step, view)
            (contact,) = [link.contact for link in view.links if link.contact]
            if on:
                conversations.allow(
                    step, person.node, room.id, int(contact), size=able.opaque_bytes, form=able.opaque_form
                )
            else:
                conversations.forbid(step, person.node, room.id, int(contact))

        person.do(wish)

    # What is there

    def routes(self, person: Person) -> list[str]:
        return person.do(lambda step: [route.state for route in ROUTES.all(step.tx)])

    def room(self, person: Person, other: str) -> RemoteConversation:
        def look(step: Step) -> RemoteConversation:
            room = ROOMS.one(step.tx, remote_id=other)
            assert room is not None
            return room

        return person.do(look)

    def left_over(self, person: Person) -> dict[str, int]:
        """What a node at rest must not have."""
        shelves: dict[str, Shelf[Any]] = {"outbox": OUTBOX, "pieces": PIECES, "came": CAME}
        counts = {name: person.do(partial(_count, shelf)) for name, shelf in shelves.items()}
        return {name: count for name, count in counts.items() if count}

    def standings(self, person: Person) -> list[str]:
        return person.do(lambda step: [contact.standing for contact in CONTACTS.all(step.tx)])

    def peers(self, person: Person) -> int:
        return person.do(lambda step: PEERS.count(step.tx))


def two(**network: Any) -> tuple[World, Network]:
    """Ada and Ben, who could say something to each other on a network; `network` is how that is."""
    world = World()
    ada, ben = world.person("ada"), world.person("ben")
    net = Network(world, **network)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    return world, net


def met(**network: Any) -> tuple[World, Network]:
    """The same when they have met there."""
    world, net = two(**network)
    net.meet(*world.people)
    return world, net


def _count(shelf: Shelf[Any], step: Step) -> int:
    return shelf.count(step.tx)


def fragment(said: Said) -> Fragment:
    return Fragment.decode(said.blob)


def refused_for(person: Person, wish: Callable[[Step], object]) -> str:
    """The code of the error of a wish."""
    try:
        person.do(wish)
    except NodeError as error:
        return error.code
    return ""
