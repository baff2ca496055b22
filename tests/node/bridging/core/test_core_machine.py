"""The core against a network that knows the truth, whatever is repeated, mixed up, breaks off or crashes.

Nothing is lost, nothing is doubled, nothing is shown as sent that the network does not have.
"""

import os
from collections import Counter
from random import Random

import pytest
from bridge_core_world import ADA, BEN, ME, ROOM, Core
from bridge_model_network import Network, Said
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from swarm_bridges import api
from swarm_bridges.text import from_plain
from swarmnode.bridging.core import accounts, calls, decisions, journal, outbox
from swarmnode.domain.views import MessageView
from swarmnode.errors import UsageError
from swarmnode.services.step import Step
from swarmnode.storage.bridge_shelves import INTENTS

TEXTS = ["yes", "Yes!", "no", "a longer text"]
THERE = {"sent", "delivered", "read"}
FAILURES = {
    "never": api.Temporary(),
    "never heard of": api.Interrupted(),
    "limited": api.Limited(wait_s=5),
    "login over": api.AuthExpired(),
    "refused": api.Refused("no"),
}
WAYS = ["done", "done", "lost", "lost", *FAILURES]
LOGIN = api.LoginDone(network_account_id="me", display="Me", secrets={}, hosts=("demo.example",))


class Killed(Exception):
    """The process ends inside of a transaction."""


class CoreMachine(RuleBasedStateMachine):
    """What can happen, in any order."""

    @initialize(
        echo=st.sampled_from(["key", "id", "copy"]),
        repeat=st.sampled_from(list(api.Repeat)),
        seed=st.integers(0, 99),
    )
    def begin(self, echo: str, repeat: api.Repeat, seed: int) -> None:
        self.core = Core(f"machine {seed}", echo=echo, repeat=repeat, repeat_window_s=7 * 24 * 3600.0)
        self.network = Network(ROOM, echo, keyed=repeat is api.Repeat.KEYED)
        self.flight: tuple[calls.Call, calls.Result] | None = None

    # The network

    @rule(
        what=st.sampled_from(["say", "say", "edit", "delete", "react"]),
        actor=st.sampled_from([ADA, BEN, ME]),
        text=st.sampled_from(TEXTS),
        values=st.frozensets(st.sampled_from("+-"), max_size=2),
        data=st.data(),
    )
    def happens(
        self, what: str, actor: api.Actor, text: str, values: frozenset[str], data: st.DataObject
    ) -> None:
        said = None if what == "say" else self._some(data)
        match what:
            case "say" if actor is not ME or self.network.echo != "copy":  # else nobody can tell whose it is
                self.network.say(actor, text)
            case "edit" if said:
                self.network.edit(said, text)
            case "delete" if said:
                self.network.delete(said)
            case "react" if said:
                self.network.react(actor, said, values)
            case _:
                pass

    @rule(data=st.data(), edits=st.booleans())
    def somebody_lies(self, data: st.DataObject, edits: bool) -> None:
        """Others edit or take back what is not theirs; a network that passes that on is not believed."""
        heard = [said for said in self.network.messages if not said.gone and self._was_heard(said)]
        if not heard:
            return
        said = data.draw(st.sampled_from(heard))
        eve, ref = api.Actor("eve"), self.network.ref(said)
        key = api.IntentId(said.key) if said.key else None
        lie = api.MessageSeen(ref=ref, actor=eve, body=from_plain("a lie"), revision="999", echo_of=key)
        self.core.tell(lie if edits else api.MessageGone(target=ref, actor=eve))

    def _was_heard(self, said: Said) -> bool:
        refs = [
            event.ref for event in self.network.events[: self.cursor] if isinstance(event, api.MessageSeen)
        ]
        return self.network.ref(said) in refs

    def _some(self, data: st.DataObject) -> Said | None:
        standing = [said for said in self.network.messages if not said.gone]
        return data.draw(st.sampled_from(standing)) if standing else None

    # The bridge's run

    @property
    def cursor(self) -> int:
        cursor = self.core.do(lambda step: accounts.cursor(step, self.core.account))
        return int(cursor or b"0")

    @rule(
        count=st.integers(0, 6),
        back=st.integers(0, 6),
        shuffle=st.one_of(st.none(), st.integers(0, 99)),
        killed=st.booleans(),
    )
    def hears(self, count: int, back: int, shuffle: int | None, killed: bool) -> None:
        """Events come, some of them again; a batch is told as it was, or by a network that mixes it up."""
        at = self.cursor
        upto = min(at + count, len(self.network.events))
        events = self.network.events[max(0, at - back) : upto]
        if shuffle is not None:
            events = mixed(events, Random(shuffle))
        batch = api.Batch(tuple(events), api.Cursor(str(upto).encode()))

        def ingest(step: Step) -> None:
            journal.ingest(step, self.core.account, batch)
            if killed:
                raise Killed

        try:
            self.core.do(ingest)
        except Killed:
            self.flight = None
            self.core.crash()

    # The owner

    @rule(text=st.sampled_from(TEXTS))
    def wants_to_say(self, text: str) -> None:
        self.core.say(text)

    @rule(
        what=st.sampled_from(["edit", "delete", "react"]),
        text=st.sampled_from(TEXTS),
        symbols=st.sampled_from([[], ["+"], ["-"]]),
        data=st.data(),
    )
    def wants(self, what: str, text: str, symbols: list[str], data: st.DataObject) -> None:
        match what:
            case "edit":
                self._want(data, lambda step, view: outbox.edit(step, view.id, text))
            case "delete":
                self._want(data, lambda step, view: outbox.delete(step, view.id))
            case _:
                self._want(data, lambda step, view: outbox.react(step, view.id, symbols))

    def _want(self, data: st.DataObject, wish: object) -> None:
        views = [view for view in self.core.views() if view.kind == "text"]
        if views:
            view = data.draw(st.sampled_from(views))
            try:
                self.core.do(lambda step: wish(step, view))  # type: ignore[operator]
            except UsageError:
                assert not view.mine or view.state.value == "refused"

    @rule()
    def answers(self) -> None:
        """The owner looks at the network and says what is there."""
        for view in self.core.views():
            if view.state.value == "maybe" and view.reason == "asked":
                key = self.core.do(lambda step, view=view: key_of(step, view))  # type: ignore[misc]
                there = isinstance(self.network.find(key), api.Accepted)
                self.core.do(lambda step, view=view, there=there: decisions.answer(step, view.id, sent=there))  # type: ignore[misc]

    # Calls

    @rule(way=st.sampled_from(WAYS))
    def is_called(self, way: str) -> None:
        """A bridge is called: the network does it or not, and the answer is on its way, or none will come."""
        call = self.core.take()
        if call is None:
            self.core.later(60)
            return
        assert self.flight is None, "one is in flight in this room"
        answer: calls.Result = FAILURES[way] if way in FAILURES else self._do(call)
        if way == "refused" and call.verb == "find_sent":
            answer = api.CantTell()
        self.flight = call, api.Interrupted() if way == "lost" else answer

    @rule(crash=st.sampled_from([False, False, True]))
    def call_ends(self, crash: bool) -> None:
        if crash:
            self.flight = None
            self.core.crash()
        elif self.flight is not None:
            (call, answer), self.flight = self.flight, None
            self.core.settle(call, answer)
            self.core.settle(call, answer)
            if isinstance(answer, api.AuthExpired):
                self.core.do(lambda step: accounts.relogin(step, self.core.account, LOGIN))

    def _do(self, call: calls.Call) -> calls.Result:
        if call.verb == "find_sent":
            return self.network.find(call.arguments["out"].key)
        return self.network.do(call.verb, call.arguments, ME)

    @rule(seconds=st.sampled_from([1, 60, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.core.later(seconds)

    # What must hold

    @invariant()
    def nothing_is_said_twice(self) -> None:
        keys = Counter(said.key for said in self.network.messages if said.key)
        assert all(count == 1 for count in keys.values()), keys

    @invariant()
    def nothing_is_shown_as_sent_that_the_network_does_not_have(self) -> None:
        if not hasattr(self, "core"):
            return
        for view in self.core.views():
            if view.mine and view.kind == "text" and view.state.value in THERE:
                key = self.core.do(lambda step, view=view: key_of(step, view))  # type: ignore[misc]
                assert not key or isinstance(self.network.find(key), api.Accepted), view

    def teardown(self) -> None:
        """All comes to rest: then both have the same."""
        if not hasattr(self, "core"):
            return
        for _ in range(300):
            self.call_ends(crash=False)
            self.answers()
            call = self.core.take()
            if call is not None:
                self.core.settle(call, self._do(call))
                continue
            if self.cursor < len(self.network.events):
                self.hears(6, 0, None, killed=False)
                continue
            at = self.core.do(lambda step: calls.next_at(step, self.core.account))
            if at is None:
                break
            self.core.later(max(1, (at or 0) - self.core.wall_s))
        else:
            raise AssertionError("it does not come to rest")
        self.nothing_is_said_twice()
        shown = [view for view in self.core.views() if view.kind == "text" and view.state.value != "refused"]
        has = [said for said in self.network.messages if not said.gone]
        assert [view.text for view in shown] == [said.text for said in has]
        assert [view.mine for view in shown] == [said.actor.is_owner for said in has]
        for view, said in zip(shown, has, strict=True):
            assert len(view.reactions) == sum(map(len, said.reactions.values())), (view, said)
            mine = {symbol for who, symbol in view.reactions if who == "me"}
            assert mine == said.reactions.get("me", frozenset())
            assert not view.mine or view.state.value in THERE, view
        waits = [view for view in self.core.views() if view.doing]
        assert waits == []


def mixed(events: list[api.Event], dice: Random) -> list[api.Event]:
    """Another order; only reactions stay in theirs, for they have no revisions."""
    keys = [(index if not isinstance(event, api.ReactionsNow) else -1) for index, event in enumerate(events)]
    places = list(range(len(events)))
    dice.shuffle(places)
    reactions = iter([event for event, key in zip(events, keys, strict=True) if key == -1])
    return [next(reactions) if keys[place] == -1 else events[place] for place in places]


def key_of(step: Step, view: MessageView) -> str:
    """The key under which a message was sent; empty if it was not sent from here."""
    row = outbox.find(step, view.id)
    intent = None if row.intent_id is None else INTENTS.get(step.tx, row.intent_id)
    return "" if intent is None else intent.intent


SOAK = bool(os.environ.get("SWARMNODE_SOAK"))
TestCore = pytest.mark.timeout(180)(CoreMachine.TestCase)  # a quarter of that where nothing else runs
TestCore.settings = settings(
    max_examples=2_000 if SOAK else 25,
    stateful_step_count=60 if SOAK else 40,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
