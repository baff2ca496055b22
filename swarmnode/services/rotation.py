"""Queues that follow one another (spec 30 §7): each peer has two of ours wherever we have two relays.

fill      makes queues where a peer has too few, because a relay is new, or dead
came      a step of a rotation from the other side
repeat    says again what has had no effect yet
"""

from __future__ import annotations

from swarm_protocol import mailbox as mbx
from swarm_protocol.content import Conversation, Told, Type, compose_unchained
from swarm_protocol.mailbox import QueueControl, Recipient, Seen, Sender, at_recipient, at_sender
from swarm_protocol.mailbox.commands import Kind
from swarm_protocol.mailbox.rotation import REPEATED, Event
from swarm_protocol.mailbox.rotation import Step as Turn

from ..storage.shelves import PEERS, QUEUES_IN, QUEUES_OUT, RELAYS, TICKETS, Peer, QueueIn, QueueOut, Relay
from ..storage.shelves import Conversation as ConversationRow
from . import links, outgoing, peers, queues, rendezvous, repeats
from .news import tell
from .node import Node, jitter
from .step import Step

HEALTH_S = 300.0
DEAD_AFTER_S = 3600
DEAD_FAILURES = 3
ANOTHER_UP_S = 1.5 * links.LAST_RETRY_S
"""In so long each relay is tried once at least: it is not we who were away."""
ADDRESSES_S = 60.0
"""So long after our queues have moved contacts are told of it, if it matters to them."""
REPEAT_S, LAST_REPEAT_S = 30.0, 6 * 3600.0
LIVE = (
    queues.MAKING,
    Recipient.NEW.value,
    Recipient.KEYED.value,
    Recipient.ACTIVE.value,
    Recipient.FULL.value,
)


def fill(step: Step, node: Node) -> None:
    """Make the queues that peers should have and do not; where they find them, if they cannot be told."""
    own = [relay for relay in RELAYS.all(step.tx, own=True) if relay.state != "dead"]
    reached = {relay.id for relay in own}
    for peer in PEERS.all(step.tx, active=True):
        mine = QUEUES_IN.all(step.tx, peer_id=peer.id)
        live = [queue for queue in mine if queue.state in LIVE and queue.relay_id in reached]
        to_find = rendezvous.cut_off(mine, reached)
        if to_find:
            live = [queue for queue in live if rendezvous.waits_there(step, node, peer, queue)]
        used = {queue.relay_id for queue in live}
        for relay in _best(step, own):
            if len(used) >= min(queues.WANTED, len(own)):
                break
            if relay.id not in used and TICKETS.one(step.tx, relay_id=relay.id, used=False) is not None:
                place = rendezvous.place(step, node, peer, relay) if to_find else None
                queues.make(step, node, relay.id, Kind.PAIR, peer_id=peer.id, place=place)
                used.add(relay.id)
                node.remind(step, ("addresses", 0), ADDRESSES_S)


def _best(step: Step, own: list[Relay]) -> list[Relay]:
    """Own relays, those that are reached first."""
    del step
    return sorted(own, key=lambda relay: (relay.state != "up", relay.id))


def own_relays(step: Step) -> list[Relay]:
    """Relays for new queues, the best first."""
    return _best(step, [relay for relay in RELAYS.all(step.tx, own=True) if relay.state != "dead"])


def made(step: Step, node: Node, queue: QueueIn) -> None:
    """A queue for a peer is there: offer it."""
    if queue.peer_id is not None and not queue.told:
        _say_again(step, node, queue, Turn.QADD)


def repeat(step: Step, node: Node) -> None:
    """Say again what had no effect, later each time, close what is drained, make what is missing."""
    fill(step, node)
    for queue in QUEUES_IN.all(step.tx):
        if queue.peer_id is None or queue.state == queues.MAKING:
            continue
        state = Recipient(queue.state)
        if state in REPEATED and not (state is Recipient.DRAINING and queue.told is False):
            _say_again(step, node, queue, REPEATED[state])
        if state is Recipient.DRAINING and mbx.rotation.may_close(queue.drained_at or 0, 0, step.wall_s):
            _move(step, node, queue, Seen.DRAINED)
    node.remind(step, ("rotation", 0), 3600.0)


def health(step: Step, node: Node) -> bool:
    """Relays of ours that have been away for an hour or more count as dead: queues are made elsewhere.

    The queues there stay as they are. A relay may come back, as the last one that is left; and who sends
    knows for itself that it is away. Gives whether one is away that is not given up yet, so that it is to be
    looked at again.
    """
    own = RELAYS.all(step.tx, own=True)
    if any(node.line(relay.id).down_since is not None for relay in own):
        for relay in own:
            links.want(step, node, relay.id)  # one on which nothing lies yet may have to take its place
    lost = [relay for relay in own if relay.state != "dead" and _is_lost(step, node, relay)]
    for relay in lost:
        RELAYS.change(step.tx, relay.id, state="dead")
        tell(step, "relay.changed", relay=str(relay.id), state="dead")
        for queue in QUEUES_IN.all(step.tx, relay_id=relay.id, state=queues.MAKING):
            if queue.peer_id is not None:
                QUEUES_IN.change(step.tx, queue.id, state=Recipient.DEAD.value)
    if lost:
        fill(step, node)
        node.remind(step, ("addresses", 0), ADDRESSES_S)
    return any(
        relay not in lost and relay.state != "dead" and node.line(relay.id).down_since is not None
        for relay in own
    )


def _is_lost(step: Step, node: Node, relay: Relay) -> bool:
    """Whether a relay has been away for long, and not because we were."""
    line, now = node.line(relay.id), step.now.tick
    if line.down_since is None or now - line.down_since < DEAD_AFTER_S or line.failures < DEAD_FAILURES:
        return False
    others = (node.line(other.id) for other in own_relays(step) if other.id != relay.id)
    return any(other.is_up and now - other.up_since >= ANOTHER_UP_S for other in others)


def came(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    """A step of a rotation came.

    Raises:
        RemoteProtocolError: it is none.
    """
    control = QueueControl.decode(data)
    if control.step is Turn.QADD:
        assert control.record is not None
        queues.add_outgoing(step, node, peer.id, control.record, state=Sender.ADDED.value)
    if control.step in mbx.rotation.FROM_SENDER:
        queue = QUEUES_IN.one(step.tx, sid=control.sid, peer_id=peer.id)
        if queue is not None and queue.state != queues.MAKING:
            _move(step, node, queue, control.step)
        return
    out = QUEUES_OUT.one(step.tx, sid=control.sid, peer_id=peer.id)
    if out is not None and out.state == queues.BROKEN and control.step is not Turn.QDROP:
        return  # what its relay says to our key decides
    if out is not None and out.state in {queues.SOUGHT, queues.BROKEN}:
        # found, and told of before its relay says so; or closed
        queues.change_out(step, node, out.id, state=Sender.ADDED.value)
        out = QUEUES_OUT.get(step.tx, out.id)
    if out is not None:
        _moved_out(step, node, conversation, peer, out, control.step)


def keyed(step: Step, node: Node, queue: QueueOut) -> None:
    """Our key is fixed at a queue that we were offered: test it."""
    peer = None if queue.peer_id is None else PEERS.get(step.tx, queue.peer_id)
    conversation = None if peer is None else peers.conversation_with(step, peer.contact_id)
    if peer is not None and conversation is not None and queue.state == Sender.ADDED.value:
        _test(step, node, conversation, peer, queue)


def _moved_out(
    step: Step, node: Node, conversation: ConversationRow, peer: Peer, queue: QueueOut, event: Event
) -> None:
    state, turns = at_sender(Sender(queue.state), event)
    if state.value != queue.state:
        queues.change_out(step, node, queue.id, state=state.value)
        if state is Sender.GONE:
            repeats.reroute(step, node, queue.id)
        node.remind(step, ("pump", 0), 0.0)
    if Turn.QKEY in turns and queue.keyed:
        peers.tell_peer(
            step, node, peer, Told(Type.QUEUE_CTL, QueueControl(Turn.QKEY, mbx.SenderId(queue.sid)).encode())
        )
    if Turn.QTEST in turns and queue.keyed:
        _test(step, node, conversation, peer, queue)


def _test(step: Step, node: Node, conversation: ConversationRow, peer: Peer, queue: QueueOut) -> None:
    """Send a QTEST through the queue that it is about."""
    control = QueueControl(Turn.QTEST, mbx.SenderId(queue.sid))
    message = compose_unchained(
        node.me.author,
        Conversation(conversation.conv_id),
        Told(Type.QUEUE_CTL, control.encode()),
        wall_s=step.wall_s,
        entropy=step.entropy,
    )
    outgoing.post_through(step, node, queue, peer.id, conversation.id, message.data)


def _move(step: Step, node: Node, queue: QueueIn, event: Event) -> None:
    state, turns = at_recipient(Recipient(queue.state), event)
    changes: dict[str, object] = {}
    if state.value != queue.state:
        changes["state"] = state.value
        node.turns.pop(queue.id, None)
        node.timers.pop(("turn", queue.id), None)
    if state is Recipient.ACTIVE:
        changes["told"] = True
    if state is Recipient.DRAINING and queue.drained_at is None:
        changes["drained_at"] = step.wall_s
    if changes:
        QUEUES_IN.change(step.tx, queue.id, **changes)
    for turn in turns:
        _say(step, node, queue, turn)


def _say_again(step: Step, node: Node, queue: QueueIn, turn: Turn) -> None:
    """Say a step that is repeated until it has an effect, if its time has come."""
    if ("turn", queue.id) in node.timers:
        return
    times = node.turns[queue.id] = node.turns.get(queue.id, 0) + 1
    pause = min(REPEAT_S * 2.0 ** min(times - 1, 12), LAST_REPEAT_S)
    node.remind(step, ("turn", queue.id), jitter(step.entropy, pause))
    _say(step, node, queue, turn)


def _say(step: Step, node: Node, queue: QueueIn, turn: Turn) -> None:
    peer = None if queue.peer_id is None else PEERS.get(step.tx, queue.peer_id)
    if peer is None or queue.sid is None:
        return
    if turn is Turn.QADD:
        record = queues.record_of(step, queue)
        if record is None:
            return
        control = QueueControl.add(record)
    else:
        control = QueueControl(turn, mbx.SenderId(queue.sid))
    peers.tell_peer(step, node, peer, Told(Type.QUEUE_CTL, control.encode()))
