"""Ways to the queues of others (spec 30 §5): over a line of our own, or sealed, through a relay of ours.

A relay on which queues of ours lie knows our address anyway, and is asked directly. Another one need not
learn it: what we say to a queue there is sealed to it, and a relay of ours passes it on (`privacy.forward`).
Where that has failed a few times, `prefer` goes the direct way for an hour, which is told (`relay.direct`),
and `always` waits and tries on.

    direct    the relay is ours, or forwarding is not wanted, or was given up for a while
    through   a line to a relay of ours that is up, with a queue of ours that signs
    none      no such line yet, or a failure was a moment ago
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from swarm_protocol import mailbox as mbx
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import QueueRecord, Recipient

from ..storage.shelves import QUEUES_IN, RELAYS, QueueIn, QueueOut, Relay
from . import links
from .links import key_of
from .news import tell
from .node import Detour, Line, Node, Passed, jitter
from .step import Step

LOOK_S = 2.0
"""How soon is looked again whether a relay of ours has come up."""
AT_ONCE = 24
"""What one relay of ours passes on for us at once; it allows 32 (spec 30 §5)."""
TRIES = 3
"""So many failures in a row, and `prefer` goes the direct way."""
FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 600.0
DIRECT_S = 3600.0
"""So long; then forwarding is tried again."""

MAKING = "making"
"""The state of a queue of ours that its relay has not made yet."""

_READABLE = tuple(state.value for state in (Recipient.ACTIVE, Recipient.NEW, Recipient.KEYED, Recipient.FULL))
_NAME = 32
"""What is sealed starts with a fresh key of this size, which names it."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a queue of somebody else is reached now."""

    line: Line
    own: QueueIn | None
    """The queue of ours at the relay that passes on; None for a direct line."""

    @property
    def has_room(self) -> bool:
        """Whether the relay in between takes one more."""
        return self.own is None or len(self.line.passed) < AT_ONCE


def to(step: Step, node: Node, queue: QueueOut) -> Way | None:
    """The way to a queue, if there is one now; lines that it needs are wanted."""
    if goes_direct(step, node, queue.relay_id):
        line = links.want(step, node, queue.relay_id)
        return Way(line, None) if line.is_up else None
    if ("detour", queue.relay_id) in node.timers:
        return None
    for relay in _between(step):
        line = links.want(step, node, relay.id)
        own = _signing_queue(step, relay.id) if line.is_up else None
        if own is not None:
            return Way(line, own)
    if _may_come_up(step, node):
        node.remind(step, ("way", queue.relay_id), LOOK_S)
    else:
        _failed(step, node, queue.relay_id, "no relay of ours can be reached")
    return None


def goes_direct(step: Step, node: Node, relay_id: int) -> bool:
    """Whether a relay is asked over a line of our own."""
    if node.options.forward == "never" or ("direct", relay_id) in node.timers:
        return True
    relay = RELAYS.get(step.tx, relay_id)
    return relay is None or relay.own


def away_since(step: Step, node: Node, queue: QueueOut) -> float | None:
    """Since when there is no way to a queue; None while there is one, or none was tried yet.

    Screens ask too, from threads of their own: nothing is changed.
    """
    if goes_direct(step, node, queue.relay_id):
        return _down_since(node, queue.relay_id)
    detour = node.detours.get(queue.relay_id)
    if detour is not None:
        return detour.since
    down = [_down_since(node, relay.id) for relay in _between(step)]
    return max((at for at in down if at is not None), default=None) if None not in down else None


def _down_since(node: Node, relay_id: int) -> float | None:
    line = node.lines.get(relay_id)
    return None if line is None else line.down_since


def ask(step: Step, way: Way, queue: QueueOut, body: mbx.Send | mbx.SKey) -> None:
    """Ask the relay of a queue, with the key that is the sender's there."""
    key = key_of(queue.secret)
    if way.own is None:
        links.ask(step, way.line, body, key)
        return
    record = QueueRecord.decode(queue.record)
    sealer, sealed = mbx.seal_send(record, body, key, step.entropy)
    way.line.passed[sealed[:_NAME]] = Passed(queue.relay_id, record, body, sealer)
    assert way.own.rid is not None, "it is made"
    passing = mbx.PFwd(mbx.RecipientId(way.own.rid), record.address, record.pin, sealed)
    links.ask(step, way.line, passing, key_of(way.own.secret))


def answered(
    step: Step, node: Node, line: Line, asked: mbx.PFwd, said: mbx.Answer | mbx.Error
) -> tuple[mbx.Send | mbx.SKey, mbx.Receipt | mbx.Done | mbx.Error] | None:
    """A relay has passed something on, or not: what was asked of the far one, and what came of it.

    Where nothing came of it that is an ordinary `busy`, so that it is asked again in a while.
    """
    passed = line.passed.pop(asked.sealed[:_NAME], None)
    if passed is None:
        return None
    if len(line.passed) == AT_ONCE // 2:
        node.remind(step, ("way", line.relay_id), 0.0)
    if isinstance(said, mbx.Answer):
        try:
            answer = mbx.open_forwarded(passed.sealer, said, passed.record, passed.body)
        except RemoteProtocolError:
            pass  # either of the two relays says what it cannot say, and nobody can tell which
        else:
            node.detours.pop(passed.relay_id, None)
            return passed.body, answer
    pause = _failed(step, node, passed.relay_id, "a relay of ours could not pass it on")
    return passed.body, mbx.Error(mbx.ErrorCode.BUSY, retry_after=pause)


@dataclass(frozen=True, slots=True)
class Stuck:
    """Relays of others to which none of ours passes on."""

    exposed: int
    """Those that we call ourselves, so that they see our address."""
    waiting: int
    """Those that are not reached, so that what is for them waits."""


def stuck(node: Node) -> Stuck:
    """What the owner is told of. Screens ask from threads of their own, so it looks at copies."""
    exposed = sum(name == "direct" for name, _ in tuple(node.timers))
    return Stuck(exposed, sum(detour.failures >= TRIES for detour in tuple(node.detours.values())))


def _between(step: Step) -> list[Relay]:
    """Relays of ours that may pass something on."""
    return [relay for relay in RELAYS.all(step.tx, own=True) if relay.state != "dead"]


def _signing_queue(step: Step, relay_id: int) -> QueueIn | None:
    """A queue of ours on a relay: whoever reads one there may have things passed on."""
    found = (QUEUES_IN.one(step.tx, relay_id=relay_id, state=state) for state in _READABLE)
    return next((queue for queue in found if queue is not None), None)


def _may_come_up(step: Step, node: Node) -> bool:
    """Whether one of our relays may yet pass something on: it was not tried so often, or a queue is made."""
    for relay in _between(step):
        line = node.line(relay.id)
        if not line.is_up and line.failures < TRIES and _any_queue(step, relay.id):
            return True
        if line.is_up and QUEUES_IN.one(step.tx, relay_id=relay.id, state=MAKING) is not None:
            return True
    return False


def _any_queue(step: Step, relay_id: int) -> bool:
    making = QUEUES_IN.one(step.tx, relay_id=relay_id, state=MAKING)
    return making is not None or _signing_queue(step, relay_id) is not None


def _failed(step: Step, node: Node, relay_id: int, reason: str) -> int:
    """Nothing was passed on to a relay; the seconds until it is tried again, or another way is taken."""
    if ("direct", relay_id) in node.timers:
        return 1
    if ("detour", relay_id) in node.timers:  # several that were under way failed together
        return max(1, ceil(node.timers["detour", relay_id] - step.now.tick))
    before = node.detours.get(relay_id, Detour(step.now.tick))
    detour = node.detours[relay_id] = replace(before, failures=before.failures + 1)
    if detour.failures == TRIES:
        direct = node.options.forward == "prefer"
        tell(step, "relay.direct" if direct else "relay.waiting", relay=str(relay_id), reason=reason)
        if direct:
            del node.detours[relay_id]
            node.remind(step, ("direct", relay_id), DIRECT_S)
            node.remind(step, ("way", relay_id), 0.0)
            return 1
    pause = jitter(step.entropy, min(FIRST_PAUSE_S * 2.0 ** (detour.failures - 1), LAST_PAUSE_S))
    node.remind(step, ("detour", relay_id), pause)
    return max(1, ceil(pause))
