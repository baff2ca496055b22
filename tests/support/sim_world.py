"""A whole simulated world: people with nodes, relays between them, and the model of what must come of it.

The verbs of this class are what a person does at a screen. Each goes into the node as a wish; when the node
has committed it, the model is told. So the model holds what nodes have promised, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import sim_verbs
from sim_chat import Chat
from sim_model import Model, Shown
from sim_network import Network
from sim_node import NodeHost, Verb
from sim_relay import RelayHost
from sim_time import HOUR, MINUTE, Simulation

from swarm_protocol import mls

PEOPLE = ("ada", "ben", "cleo", "dan")
RELAYS = ("rho", "sigma", "tau")
HYBRID, CLASSIC, _ = mls.PRODUCT_SUITES
"""The product's default, and the classic suite, which draws no luck of its own: those runs repeat exactly."""


QUIET_SENDS = 4
"""Envelopes an hour between two people who say nothing: comparisons, key updates, greetings."""

MAX_SENDS = 200
"""How often one envelope may go out in its life (spec 60)."""


class Wrong(AssertionError):
    """Something happened in the world that must not."""


class World:
    """People, relays, and all that lies between them. `keep` lines of the trace are held, None for all."""

    def __init__(
        self,
        seed: int,
        people: Sequence[str] = PEOPLE[:2],
        relays: Sequence[str] = RELAYS[:2],
        *,
        suite: int = CLASSIC,
        keep: int | None = 300,
        chat: int = 0,
    ) -> None:
        self.time = Simulation(seed, keep=keep)
        self.network = Network(self.time)
        self.relays = {name: RelayHost(name, self.network) for name in relays}
        self.people = {name: NodeHost(name, self.network, suite=suite) for name in people}
        self.chat = Chat(self.time, self.people, chat) if chat else None
        """A network on which all have accounts; `chat` is what its messages carry, in bytes."""
        self.model = Model()
        self.healed = False
        self._chats: dict[tuple[str, str], str] = {}
        self._readers: dict[bytes, NodeHost] = {}
        """Whose a queue is, once somebody has acknowledged something of it."""
        self._numbers = 0
        self._sent_at_rest = 0
        for relay in self.relays.values():
            relay.on_ack = self._acknowledged
        for node in self.people.values():
            node.start()

    def close(self) -> None:
        """Give back what the databases hold."""
        for node in self.people.values():
            node.close()

    # Meeting

    def meet_all(self) -> None:
        """Everybody gets a persona and tickets of all relays, and meets everybody."""
        for name, node in self.people.items():
            node.wish(partial(sim_verbs.create, name=name))
            for relay in self.relays:
                self.use(name, relay)
            if self.chat is not None:
                self.chat.join(name, [other for other in self.people if other != name])
        for inviter, joiner in combinations(self.people, 2):
            self.meet(inviter, joiner)
            if self.chat is not None:
                for who, other in ((inviter, joiner), (joiner, inviter)):
                    persona = self.people[other].read(sim_verbs.persona)
                    contact = self.people[who].read(partial(sim_verbs.contact_of, persona_id=persona))
                    self.chat.allow(who, other, contact)

    def use(self, who: str, relay: str) -> None:
        """Somebody gets tickets of a relay."""
        self.people[who].wish(partial(sim_verbs.use_relay, link=self.relays[relay].hand_out()))

    def meet(self, inviter: str, joiner: str) -> None:
        """One invites, the other accepts, and time passes until both know it.

        Raises:
            Wrong: they have not met after an hour.
        """
        a, b, invites = self.people[inviter], self.people[joiner], list[str]()
        a.wish(sim_verbs.invite, invites.append)
        self.pass_until(lambda: bool(invites), MINUTE, "an invite")
        find = partial(sim_verbs.link_of, invite_id=invites[0])
        self.pass_until(lambda: bool(a.read(find)), HOUR, "the link of an invite")
        b.wish(partial(sim_verbs.accept, link=a.read(find)))
        self.pass_until(lambda: self._have_met(inviter, joiner), HOUR, f"{inviter} and {joiner} to meet")

    def _have_met(self, a: str, b: str) -> bool:
        for who, other in ((a, b), (b, a)):
            if (who, other) not in self._chats and self.is_there(who) and self.is_there(other):
                persona = self.people[other].read(sim_verbs.persona)
                if chat := self.people[who].read(partial(sim_verbs.chat_with, persona_id=persona)):
                    self._chats[who, other] = chat
        return (a, b) in self._chats and (b, a) in self._chats

    # What people do

    def is_there(self, who: str) -> bool:
        """Whether somebody can use the screen now."""
        node = self.people[who]
        return node.db is not None and node.ready and not node.asleep

    def say(self, who: str, other: str, *, reply_to: str = "") -> None:
        self._numbers += 1
        text, chat = f"{who}-{self._numbers}", self._chats[who, other]

        def said(id_: str) -> None:
            self.model.say(who, other, id_, text, reply_to)

        self._wish(who, partial(sim_verbs.send, chat=chat, text=text, reply_to=reply_to), said)

    def edit(self, who: str, id_: str) -> None:
        self._numbers += 1
        text = f"{self.model.said[id_].texts[0]}, edit {self._numbers}"
        self._wish(who, partial(sim_verbs.edit, message=id_, text=text), lambda _: self.model.edit(id_, text))

    def react(self, who: str, id_: str, symbol: str) -> None:
        done = partial(self.model.react, who, id_, symbol)
        self._wish(who, partial(sim_verbs.react, message=id_, symbol=symbol), lambda _: done())

    def delete(self, who: str, id_: str) -> None:
        self._wish(who, partial(sim_verbs.delete, message=id_), lambda _: self.model.delete(id_))

    def look(self, who: str, other: str) -> None:
        """Look at a conversation; all that is on the screen then is read."""
        chat = self._chats[who, other]
        self._wish(who, partial(sim_verbs.look, chat=chat), self.model.look)
        self.check(who, other)

    def screen(self, who: str, other: str) -> list[Shown]:
        """What somebody sees of a conversation."""
        chat = self._chats[who, other]
        found: list[Shown] = self.people[who].read(partial(sim_verbs.screen, chat=chat, who=who, other=other))
        return found

    def _wish(self, who: str, do: Verb, then: Callable[[Any], None]) -> None:
        """A wish may be refused, if what it is about has just gone."""
        self.people[who].wish(do, then, lambda error: self.time.note(who, f"is refused: {error.code}"))

    # Time and truth

    def pass_until(self, done: Callable[[], bool], within: float, what: str) -> None:
        """Let time pass until something is so.

        Raises:
            Wrong: it is not after that time.
        """
        if not done() and not self.time.run(self.time.now + within, done=done):
            raise Wrong(f"waited {within / HOUR:.1f} hours for {what}")

    def settle(self, patience: float) -> None:
        """All faults are over: within this time everything must have arrived, and nothing may wait any more.

        Raises:
            Wrong: with all that is still missing.
        """
        end = self.time.now + patience
        while missing := self._missing():
            if self.time.now >= end:
                raise Wrong(
                    f"{patience / HOUR:.0f} hours after the last fault:\n  " + "\n  ".join(missing[:20])
                )
            self.time.run(min(end, self.time.now + HOUR / 4))
        self._sent_at_rest = self.sent

    def stay_quiet(self, time_s: float) -> None:
        """Nothing is left to be said: hardly anything is sent, and nothing changes any more.

        Raises:
            Wrong: there is chatter, or something changed after all.
        """
        self.time.run(self.time.now + time_s)
        if self._missing():  # what nodes compare now and then may be on its way at this very moment
            self.time.run(self.time.now + MINUTE)
        if missing := self._missing():
            raise Wrong("it was complete, and is not any more:\n  " + "\n  ".join(missing[:20]))
        sent = self.sent - self._sent_at_rest
        pairs = len(self._chats)
        if sent > pairs * QUIET_SENDS * (1 + time_s / HOUR):
            raise Wrong(f"{sent} envelopes in {time_s / HOUR:.0f} quiet hours between {pairs} pairs")
        for relay in self.relays.values():
            most = max(relay.taken.values(), default=0)
            if most > MAX_SENDS:
                raise Wrong(f"an envelope went to {relay.name} {most} times")

    @property
    def sent(self) -> int:
        """What relays and other networks were asked to take so far, repetitions included."""
        carried = 0 if self.chat is None else self.chat.sent
        return carried + sum(sum(relay.taken.values()) for relay in self.relays.values())

    def check(self, who: str, other: str) -> list[Shown]:
        """Look whether a screen shows nothing that it must not.

        Raises:
            Wrong: with what is wrong there.
        """
        screen = self.screen(who, other)
        wrong = self.model.complaints(who, other, screen)
        if self.is_there(other):
            there = self.people[other].read(sim_verbs.stored)
            wrong += [
                f"{shown.text}: {who} believes that {other} has it"
                for shown in screen
                if shown.mine and shown.delivered and shown.id not in there
            ]
        if wrong:
            raise Wrong(f"{who} and {other}, on {who}'s screen:\n  " + "\n  ".join(wrong[:20]))
        return screen

    def _missing(self) -> list[str]:
        """What is not yet as it must be in the end."""
        missing, screens = list[str](), dict[tuple[str, str], list[str]]()
        for (who, other), chat in self._chats.items():
            node = self.people[who]
            if not self.is_there(who):
                missing.append(f"{who} is not there")
                continue
            screen = self.check(who, other)
            unread = node.read(partial(sim_verbs.unread, chat=chat))
            short = self.model.shortcomings(who, other, screen, unread)
            missing += [f"{who}'s screen with {other}: {what}" for what in short]
            screens[who, other] = [shown.id for shown in screen if not shown.deleted]
            order = screens.get((other, who))
            if not short and order is not None and order != screens[who, other]:
                missing.append(f"{who} and {other} see another order")
        for name, node in self.people.items():
            if self.is_there(name):
                missing += [f"{name}: {what}" for what in node.read(sim_verbs.unfinished)]
                missing += [
                    f"{name}: {text!r} was deleted and is on the disk" for text in self._remains(node)
                ]
        return missing

    def _acknowledged(self, rid: bytes, n: int) -> None:
        """A relay was told to forget a message: then its recipient must have dealt with it, on disk."""
        for node in [self._readers[rid]] if rid in self._readers else self.people.values():
            owes = None if node.db is None else node.read(partial(sim_verbs.owes, rid=rid, n=n))
            if owes:
                raise Wrong(f"{node.name} acknowledges message {n} of a queue, and does not have it on disk")
            if owes is not None:
                self._readers[rid] = node

    def _remains(self, node: NodeHost) -> list[str]:
        """Texts of deleted messages, in any wording, that are still on somebody's disk."""
        deleted = {text for said in self.model.said.values() if said.deleted for text in said.texts}
        return sorted(deleted & node.read(sim_verbs.texts))
