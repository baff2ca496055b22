"""The engine: what arrives goes to where it belongs, and timers come due (ADR 0014).

It holds the node's memory and nothing else. A step that raised, or whose commit failed, takes the engine with
it: a new one starts from the tables.
"""

from __future__ import annotations

from typing import assert_never

from swarm_protocol import mailbox as mbx
from swarm_protocol import mls
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox.client import Heard as Said
from swarm_protocol.mailbox.commands import CommandBody

from ..storage.shelves import QUEUES_IN
from . import (
    addresses,
    carriage,
    challenges,
    conversations,
    deletions,
    direct,
    groups,
    identity,
    incoming,
    indexing,
    links,
    meeting,
    nearby,
    outgoing,
    own_claims,
    peers,
    queues,
    receipts,
    rejoin,
    rendezvous,
    repair,
    repeats,
    rotation,
    timers,
    ways,
)
from .node import Line, LineState, Node, Options, jitter
from .step import (
    Called,
    Carried,
    FromNetworks,
    Heard,
    Input,
    LinkId,
    Lost,
    NetworkChanged,
    Noticed,
    Opened,
    Passed,
    Reachable,
    Returned,
    Started,
    Step,
    Woke,
)

MINUTE_S, HOUR_S = 60.0, 3600.0


class Engine:
    """A running node's logic; `boot` and `instance` are those of this start of the store."""

    def __init__(
        self,
        *,
        boot: int,
        instance: bytes,
        crypto: mls.CryptoProvider = mls.CRYPTO,
        options: Options | None = None,
    ) -> None:
        self.node = Node(crypto=crypto, options=options or Options(), boot=boot, instance=instance)

    def handle(self, step: Step, input_: Input) -> None:
        """Take one input; what it leads to is in the step's transaction and its effects."""
        node = self.node
        match input_:
            case Started():
                self._started(step)
            case Opened(link) if link in node.near.links:
                direct.opened(step, node, node.near.links[link])
            case Heard(link, data) if link in node.near.links:
                nearby.heard(step, node, node.near.links[link], data)
            case Lost(link) if link in node.near.links:
                nearby.lost(step, node, link)
            case Opened(link):
                links.opened(step, node, link)
            case Heard(link, data):
                self._heard(step, link, data)
            case Lost(link, reason):
                if links.lost(step, node, link, reason) is not None:
                    node.remind(step, ("outbox", 0), outgoing.LOOK_S)
                    node.remind(step, ("health", 0), rotation.HEALTH_S)
            case NetworkChanged():
                links.network_changed(step, node)
                nearby.network_changed(step, node)
            case Called(link, knock):
                nearby.called(step, node, link, knock)
            case Noticed(found, texts):
                nearby.noticed(step, node, found, texts)
            case Carried() | Passed() | Returned():
                self._carried(step, input_)
            case Reachable(endpoints):
                node.near.doors = endpoints
                addresses.look(step, node)
                nearby.announce(step, node)
            case Woke():
                node.woken_for = None
                for name, number in node.due(step):
                    self._timer(step, name, number)
            case _:
                assert_never(input_)
        self.settle(step)

    def settle(self, step: Step) -> None:
        """Take what the step has found for the engine, and leave an effect for the next timer.

        Called once after each step, wishes of people included.
        """
        while step.inputs:
            self._carried(step, step.inputs.pop(0))
        links.watch(step, self.node)
        self.node.ask_to_wake(step)

    def _carried(self, step: Step, input_: FromNetworks) -> None:
        match input_:
            case Carried():
                conversations.came(step, self.node, input_)
            case Passed():
                challenges.passed(step, input_)
                repeats.carried(step, self.node, carriage.passed(step, self.node, input_))
            case Returned():
                challenges.returned(step, input_)
                repeats.carried(step, self.node, carriage.returned(step, self.node, input_))

    def _started(self, step: Step) -> None:
        node = self.node
        identity.remember(step, node)
        wanted = {q.relay_id for q in QUEUES_IN.all(step.tx) if q.state not in {"closed", "dead"}}
        for relay_id in sorted(wanted):
            links.want(step, node, relay_id)
        repeats.started(step, node)
        for row in meeting.open_rows(step):
            node.remind(step, ("invite", row.id), 0.0)
        timers.started(step, node)
        node.remind(step, ("receipts", 0), receipts.SOON_S)
        node.remind(step, ("rotation", 0), rotation.REPEAT_S)
        node.remind(step, ("rendezvous", 0), rendezvous.FIRST_LOOK_S)
        node.remind(step, ("pull", 0), queues.PULL_AGAIN_S)
        node.remind(step, ("invites", 0), MINUTE_S)
        node.remind(step, ("claims", 0), MINUTE_S)
        node.remind(step, ("housekeeping", 0), MINUTE_S)
        node.remind(step, ("search", 0), indexing.SOON_S)
        deletions.started(step, node)
        repair.started(step, node)
        rejoin.started(step, node)
        nearby.started(step, node)

    # Frames

    def _heard(self, step: Step, link: LinkId, data: bytes) -> None:
        node = self.node
        line = node.links.get(link)
        if line is None:
            return
        if line.state is not LineState.UP:
            if links.greeted(step, node, line, data):
                self._line_up(step, line)
            return
        assert line.caller is not None
        try:
            line.caller, asked, said = line.caller.hear(data)
        except RemoteProtocolError:
            links.fail(step, node, line, "the relay says what it cannot say")
            return
        if asked is None:
            self._notice(step, line, said)
        else:
            links.answered(step, line)
            self._answer(step, line, asked, said)

    def _line_up(self, step: Step, line: Line) -> None:
        queues.tend(step, self.node, line)
        meeting.line_up(step, self.node, line)
        repeats.resume(step, self.node)
        self.node.remind(step, ("outbox", 0), outgoing.LOOK_S)

    def _answer(self, step: Step, line: Line, asked: CommandBody, said: Said) -> None:
        node = self.node
        match asked, said:
            case mbx.Send(), mbx.Receipt() | mbx.Error():
                repeats.answered(step, node, line, asked, said)
            case mbx.New(), mbx.Made() | mbx.Error():
                queue = queues.made(step, node, line, asked, said)
                if queue is not None:
                    meeting.queue_made(step, node, queue)
                    rotation.made(step, node, queue)
                    rejoin.tend(step, node)
            case mbx.Sub(), mbx.Info() | mbx.Error():
                queue = queues.subscribed(step, node, line, asked, said)
                if queue is not None and isinstance(said, mbx.Info):
                    if said.fetched_by is not None:
                        meeting.fetched(step, node, queue, said.fetched_by)
                    if said.key_refused:
                        meeting.key_refused(step, queue)
                elif isinstance(said, mbx.Error) and said.code is mbx.ErrorCode.GONE:
                    rotation.fill(step, node)
            case mbx.SKey(), mbx.Done() | mbx.Error():
                out = queues.keyed(step, node, line, asked, said)
                if out is not None:
                    rotation.keyed(step, node, out)
                    repeats.resume(step, node)
            case mbx.PFwd(), mbx.Answer() | mbx.Error():
                passed = ways.answered(step, node, line, asked, said)
                if passed is not None:
                    self._answer(step, line, *passed)
            case mbx.Put(), mbx.Done() | mbx.Error():
                meeting.put(step, node, line, asked, said)
            case mbx.Fetch(), mbx.Bundle() | mbx.Error():
                meeting.bundle_came(step, node, line, asked, said)
            case mbx.Ext(), mbx.Info() | mbx.Error():
                queues.extended(step, asked, said)
            case _:
                pass  # ACK, PULL, DEL: whatever the relay says of them changes nothing here

    def _notice(self, step: Step, line: Line, said: Said) -> None:
        node = self.node
        match said:
            case mbx.Delivery():
                incoming.delivered(step, node, line, said)
            case mbx.Gap():
                incoming.gap(step, node, line, said)
            case mbx.Fetched(rid, key):
                if (queue := QUEUES_IN.one(step.tx, rid=rid)) is not None:
                    meeting.fetched(step, node, queue, key)
            case mbx.KeyRefused(rid):
                if (queue := QUEUES_IN.one(step.tx, rid=rid)) is not None:
                    meeting.key_refused(step, queue)
            case mbx.Displaced():
                queues.displaced(step, node, line, said)
            case _:
                pass

    # Timers

    def _timer(self, step: Step, name: str, number: int) -> None:
        node = self.node
        match name:
            case "line":
                links.woke(step, node, number)
            case "tend":
                line = node.line(number)
                if line.is_up:
                    queues.tend(step, node, line)
            case "pump" | "refused":
                outgoing.pump(step, node)
            case "outbox":
                repeats.look(step, node)
            case "resend" | "probe":
                repeats.resume(step, node)
            case "way" | "detour" | "key":
                queues.fix_keys(step, node)
                repeats.resume(step, node)
            case "idle":
                links.rest(step, node, number)
            case "receipts":
                receipts.flush(step, node)
            case "have" | "behind":
                repair.say_have(step, node, number)
            case "confirm":
                repair.confirm(step, node, number)
            case "rotation" | "turn":
                rotation.repeat(step, node)
            case "rendezvous":
                rendezvous.look(step, node)
            case "pull":
                queues.pull_again(step, node)
                node.remind(step, ("pull", 0), jitter(step.entropy, queues.PULL_AGAIN_S))
            case "health":
                if rotation.health(step, node):
                    node.remind(step, ("health", 0), rotation.HEALTH_S)
            case "invite":
                meeting.advance(step, node, number, waited=True)
            case "invite overdue":
                meeting.overdue(step, number)
            case "rejoin":
                rejoin.tend(step, node)
            case "invites":
                meeting.sweep(step, node)
            case "addresses":
                addresses.look(step, node)
            case "call":
                nearby.call_again(step, node, number)
            case "beacons":
                nearby.announce(step, node)
            case "claims":
                own_claims.tend(step, node)
            case "expire":
                timers.tick(step, node)
            case "deletions":
                deletions.look(step, node)
            case "search":
                indexing.catch_up(step, node)
            case "housekeeping":
                incoming.expire_parts(step)
                conversations.expire(step)
                peers.renew_keys(step, node)
                groups.forget_retired(step, node)
                node.remind(step, ("housekeeping", 0), HOUR_S)
            case _:
                pass  # a timer that only says that its time is not over yet
