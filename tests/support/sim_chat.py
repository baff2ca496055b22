"""A network of ordinary conversations in the simulator, which carries what nodes say to each other (spec 53).

Each person has an account there, and the bridges' core of each node is real: its outbox gives out calls, its
journal takes events. What stands between is here. A network may lose what it was given, say it twice, late,
in another order or cut, refuse for a while, or be away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sim_time import HOUR, MINUTE, Simulation

from swarm_bridges import api
from swarm_bridges.api import Level
from swarmnode.bridging.core import accounts, calls, journal, rooms
from swarmnode.errors import NodeError
from swarmnode.services import conversations
from swarmnode.services.node import Node
from swarmnode.services.step import Step

if TYPE_CHECKING:
    from sim_node import NodeHost

LOOK_S = 5 * MINUTE
"""How often an outbox is looked at without any news."""
SIZES = (300, 1_000, 60_000)


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares of what is lost, repeated, an hour late, cut; and of calls that are refused for some minutes."""

    lose: float = 0.0
    repeat: float = 0.0
    late: float = 0.0
    cut: float = 0.0
    limit: float = 0.0


GOOD = Habits()


class Chat:
    """The network. Each message of it carries `size` bytes."""

    def __init__(self, time: Simulation, people: dict[str, NodeHost], size: int) -> None:
        self.time, self.people, self.size = time, people, size
        self.dice = time.dice("chat")
        self.habits, self.up = GOOD, True
        self.sent = 0
        self._busy: set[str] = set()
        for name, node in people.items():
            node.on_carries = partial(self._soon, name)
            node.on_start = partial(self._started, name)
            self._look(name)

    def join(self, who: str, others: Sequence[str]) -> None:
        """Somebody gets an account, with a conversation with each of the others."""
        self.people[who].wish(partial(_join, who=who, others=others, size=self.size))

    def allow(self, who: str, other: str, contact: int) -> None:
        """Somebody lets the conversation with a contact be used."""
        self.people[who].wish(partial(_allow, other=other, contact=contact, size=self.size))

    # What goes out

    def _look(self, who: str) -> None:
        self._soon(who)
        self.time.after(LOOK_S, lambda: self._look(who))

    def _started(self, who: str) -> None:
        self._busy.discard(who)
        self.people[who].wish(_started, lambda _: self._soon(who))

    def _soon(self, who: str) -> None:
        if who not in self._busy:
            self._busy.add(who)
            self.time.after(self.dice.uniform(0.01, 0.5), lambda: self._take(who))

    def _take(self, who: str) -> None:
        node = self.people[who]
        if (
            not self.up
            or who in node.network.offline
            or not node.wish(_take, partial(self._taken, who), lambda _: self._busy.discard(who))
        ):
            self._busy.discard(who)

    def _taken(self, who: str, call: calls.Call | None) -> None:
        if call is None:
            self._busy.discard(who)
            return
        wish = partial(_settle, intent=call.intent, result=self._called(who, call))
        self.time.after(self.dice.uniform(0.01, 0.3), lambda: self._settle(who, wish))

    def _settle(self, who: str, wish: Callable[..., None]) -> None:
        """What became of a call is written down; a node that died meanwhile finds out by itself."""
        done, refused = partial(self._settled, who), partial(self._gave_up, who)
        if not self.people[who].wish(wish, done, refused):
            self._busy.discard(who)

    def _gave_up(self, who: str, _: NodeError) -> None:
        self._busy.discard(who)

    def _settled(self, who: str, _: object) -> None:
        self._busy.discard(who)
        self._soon(who)

    def _called(self, who: str, call: calls.Call) -> Any:
        if self.dice.random() < self.habits.limit:
            return api.Limited("slowly", wait_s=self.dice.uniform(10, 600))
        self.sent += 1
        to, blob = call.arguments["out"].conversation.remote_id, call.arguments["blob"]
        assert len(blob) <= self.size
        if self.dice.random() >= self.habits.lose:
            for _ in range(2 if self.dice.random() < self.habits.repeat else 1):
                late = self.dice.random() < self.habits.late
                data = (
                    blob[: self.dice.randrange(len(blob))] if self.dice.random() < self.habits.cut else blob
                )
                wait = self.dice.uniform(10 * MINUTE, HOUR) if late else self.dice.uniform(0.05, 2.0)
                self._bring(who, to, data, self.sent, wait)
        ref = api.MessageRef(call.arguments["out"].conversation, f"m{self.sent}")
        return api.Accepted((ref,))

    # What comes in

    def _bring(self, by: str, to: str, blob: bytes, number: int, wait: float) -> None:
        """Bring something, as soon as it is taken: a network keeps what nobody has fetched."""
        self.time.after(wait, lambda: self._arrive(by, to, blob, number))

    def _arrive(self, by: str, to: str, blob: bytes, number: int) -> None:
        def again(_: NodeError | None = None) -> None:
            self._bring(by, to, blob, number, MINUTE)

        node = self.people[to]
        wish = partial(_came, by=by, blob=blob, number=number)
        if not self.up or to in node.network.offline or not node.wish(wish, lambda _: None, again):
            again()
            return


# What is done in a node


def _account(step: Step) -> str:
    return accounts.all_of(step)[0].account


def _room(other: str, me: str) -> api.ConversationSeen:
    return api.ConversationSeen(
        conversation=api.ConversationRef(other, private=True),
        kind="direct",
        members=(api.Actor(me, is_owner=True), api.Actor(other)),
        members_complete=True,
    )


def _join(step: Step, node: Node, who: str, others: Sequence[str], size: int) -> None:
    del node
    login = api.LoginDone(network_account_id=who, display=who, secrets={})
    account = accounts.add(step, "chat", login)
    can = api.Capabilities(
        version="1",
        levels={"text": Level.FULL, "opaque": Level.FULL},
        repeat=api.Repeat.KEYED,
        repeat_window_s=86_400.0,
        opaque_bytes=size,
        opaque_form="binary",
    )
    accounts.learn(step, account, None, can)
    journal.ingest(step, account, api.Batch(tuple(_room(other, who) for other in others)))


def _allow(step: Step, node: Node, other: str, contact: int, size: int) -> None:
    room = rooms.of(step, 1, api.ConversationRef(other, private=True))
    conversations.allow(step, node, room.id, contact, size=size, form="binary")


def _started(step: Step, node: Node) -> None:
    del node
    calls.started(step)


def _take(step: Step, node: Node) -> calls.Call | None:
    del node
    return calls.take(step, _account(step)) if accounts.all_of(step) else None


def _settle(step: Step, node: Node, intent: str, result: calls.Result) -> None:
    del node
    calls.settle(step, intent, result)


def _came(step: Step, node: Node, by: str, blob: bytes, number: int) -> None:
    del node
    ref = api.MessageRef(api.ConversationRef(by, private=True), f"n{number}")
    seen = api.OpaqueSeen(ref=ref, actor=api.Actor(by), blob=blob)
    journal.ingest(step, _account(step), api.Batch((seen,)))
