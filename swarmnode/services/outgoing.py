"""The outbox: what is to reach another node, from the wish to the word that it is there (spec 60 §2).

    keyless -> queued    once its conversation has keys, after a restore
    queued  -> sealed    encrypted, and asked of a relay or a direct link
    any     -> gone      confirmed, or there is nothing to wait for

What comes of it, and what goes again, is in `repeats`.

It is encrypted when a route is up, not before: a long wait costs no keys. What is encrypted stays as it is (a
retry is the same message in another envelope), and envelopes stay byte for byte until a relay has signed for
them. A route is a direct link, or a queue of the peer on a relay to which there is a line; the first one is
used, and the next one where the first gives no receipt or the peer does not confirm.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from swarm_protocol import mailbox as mbx
from swarm_protocol.envelope import Bucket, Frame, Kind, QueueKey, frames_for, seal_envelope
from swarm_protocol.mailbox import QueueRecord

from ..storage import queries
from ..storage.carriage_shelves import Route
from ..storage.shelves import (
    ENVELOPES,
    MESSAGES,
    OUTBOX,
    QUEUES_OUT,
    EnvelopeRow,
    Outgoing,
    QueueOut,
)
from . import carriage, direct, groups, ways
from .links import key_of
from .node import DirectLink, Node, Sending
from .step import Step
from .ways import Way

WINDOW = 128
"""Envelopes of one line that wait for a receipt at once."""
BATCH = 32
"""What is sealed in one step, so that no other input waits long."""
LOOK_S = 5.0
"""How often is looked while a receipt is due."""

KEYLESS, QUEUED, SEALED, SENT = "keyless", "queued", "sealed", "sent"
ROUTES = ("in use", "tested", "added")
WayOut: TypeAlias = "list[tuple[QueueOut, Way]] | DirectLink | Route"
"""How something leaves: through queues, over a link to the node itself, or over another network."""
_BUCKETS = {int(size): index for index, size in enumerate(Bucket)}


def post(
    step: Step,
    node: Node,
    peer_id: int,
    conversation_id: int,
    *,
    message_id: int | None = None,
    plain: bytes | None = None,
    wire: groups.Wire | None = None,
    important: bool = False,
    repeat: bool = True,
    data: bytes | None = None,
) -> int:
    """Have something reach a peer: a stored message, content that is not chained, or an encrypted wire.

    `data` is what the message's body holds, where it is at hand.
    """
    values: dict[str, object] = {
        "peer_id": peer_id,
        "conversation_id": conversation_id,
        "message_id": message_id,
        "kind": int(Kind.MLS_PRIVATE),
        "plain": plain,
        "wire": None if wire is None else wire.data,
        "epoch": None if wire is None else wire.epoch,
        "important": important,
        "repeat": repeat,
        "created_at": step.wall_s,
    }
    if not groups.has_keys(step, conversation_id):
        return OUTBOX.add(step.tx, **values, state=KEYLESS)
    return _store(step, node, values, data)


def keys_are_there(step: Step, node: Node, conversation_id: int) -> None:
    """A conversation has keys again: what was said meanwhile leaves."""
    for row in OUTBOX.all(step.tx, conversation_id=conversation_id, state=KEYLESS):
        OUTBOX.change(step.tx, row.id, state=QUEUED)
    node.backlog = True
    node.remind(step, ("pump", 0), 0.0)


def post_meeting(
    step: Step,
    node: Node,
    kind: Kind,
    wire: bytes,
    *,
    peer_id: int | None = None,
    invite_id: int | None = None,
    repeat: bool = True,
) -> int:
    """Have something outside of conversations reach a peer, or whoever reads the queues of an invite."""
    values: dict[str, object] = {
        "peer_id": peer_id,
        "invite_id": invite_id,
        "kind": int(kind),
        "wire": wire,
        "important": True,
        "repeat": repeat,
        "created_at": step.wall_s,
    }
    return _store(step, node, values)


def post_through(
    step: Step, node: Node, route: QueueOut, peer_id: int, conversation_id: int, plain: bytes
) -> None:
    """Send content through one queue alone, if there is a line; who wants it asks again otherwise."""
    way = open_way(step, node, route)
    if way is None or node.quarantine:
        return
    row = OUTBOX.make(
        step.tx,
        peer_id=peer_id,
        conversation_id=conversation_id,
        kind=int(Kind.MLS_PRIVATE),
        plain=plain,
        repeat=False,
        state=SEALED,
        created_at=step.wall_s,
    )
    _seal(step, node, _encrypted(step, node, row), route, way)


def _store(step: Step, node: Node, values: dict[str, object], data: bytes | None = None) -> int:
    """Store something new. It leaves at once if there is a way, unless older things for that peer wait."""
    node.remind(step, ("outbox", 0), LOOK_S)
    new = OUTBOX.value(**values, id=0, state=QUEUED)
    out = None if _waits_its_turn(step, node, new) else _way_out(step, node, new)
    if out is None:
        node.backlog = True
        return OUTBOX.add(step.tx, **values, state=QUEUED)
    new = _encrypted(step, node, new, data)
    sealed = {**values, "wire": new.wire, "epoch": new.epoch, "state": SEALED}
    row_id = OUTBOX.add(step.tx, **sealed)
    _let_go(step, node, replace(new, id=row_id), out)
    return row_id


def _waits_its_turn(step: Step, node: Node, new: Outgoing) -> bool:
    target = {"peer": new.peer_id, "invite": new.invite_id}
    if not node.backlog or queries.FIRST_QUEUED.scalar(step.tx, target) is None:
        return False
    node.remind(step, ("pump", 0), 0.0)
    return True


def pump(step: Step, node: Node) -> None:
    """Let go of what is queued, for each peer the oldest first, as far as routes and windows allow."""
    node.backlog = False
    for peer_id, invite_id in queries.TARGETS.rows(step.tx):
        rows = OUTBOX.query(
            step.tx, queries.NEXT_QUEUED, {"peer": peer_id, "invite": invite_id, "count": BATCH}
        )
        sent = 0
        for row in rows:
            if _send(step, node, row):
                sent += 1
            elif not carriage.left_behind(step, row):
                break
        if sent == BATCH:
            node.backlog = True
            node.remind(step, ("pump", 0), 0.0)
        elif sent < len(rows):
            node.backlog = True  # no route or no room; a line that comes up, or a receipt, looks again


def _send(step: Step, node: Node, row: Outgoing) -> bool:
    """Seal something that waited for the routes that are up; whether there was one."""
    out = _way_out(step, node, row)
    if out is None:
        return False
    row = _encrypted(step, node, row)
    OUTBOX.change(step.tx, row.id, state=SEALED, wire=row.wire, epoch=row.epoch)
    _let_go(step, node, row, out)
    return True


def _way_out(step: Step, node: Node, row: Outgoing) -> WayOut | None:
    """The routes to take now, if there are any."""
    if node.quarantine:
        return None
    if row.kind == Kind.PROBE:  # it asks of one conversation
        return carriage.route_for(step, node, row, away_s=None)
    link = direct.link_to(step, node, row.peer_id)
    if link is not None and not row.attempts:
        return link
    # what went over a link and was not confirmed goes over queues, and what went over those is carried
    queues = routes_of(step, node, row)
    routes = ((route, open_way(step, node, route)) for route in queues)
    usable = [(route, way) for route, way in routes if way is not None]
    if usable and row.important:
        return usable
    found: list[WayOut] = [[way] for way in usable]
    if row.attempts or (link is None and not usable):
        away_s = None if usable or link is not None else _away_s(step, node, queues)
        carried = carriage.route_for(step, node, row, away_s=away_s)
        found += [] if carried is None else [carried]
    return found[row.attempts % len(found)] if found else link


def _away_s(step: Step, node: Node, routes: list[QueueOut]) -> float | None:
    """For how long all of these were away; None where there are none."""
    since = [ways.away_since(step, node, route) for route in routes]
    return min((0.0 if at is None else step.now.tick - at for at in since), default=None)


def _let_go(step: Step, node: Node, row: Outgoing, out: WayOut) -> None:
    if isinstance(out, list):
        for route, way in out:
            _seal(step, node, row, route, way)
    elif isinstance(out, Route):
        carriage.send(step, node, row, out)
        node.remind(step, ("outbox", 0), LOOK_S)
    else:
        direct.send(step, out, row)
        node.remind(step, ("outbox", 0), LOOK_S)


def routes_of(step: Step, node: Node, row: Outgoing) -> list[QueueOut]:
    """The queues that lead to where something is to go, the best first; lines to their relays are wanted."""
    target = row.peer_id, row.invite_id
    routes = node.routes.get(target)
    if routes is None:
        found = (
            QUEUES_OUT.all(step.tx, invite_id=row.invite_id)
            if row.peer_id is None
            else QUEUES_OUT.all(step.tx, peer_id=row.peer_id)
        )
        found = [queue for queue in found if queue.state in ROUTES]
        routes = sorted(found, key=lambda queue: (ROUTES.index(queue.state), queue.id))
        node.routes[target] = routes
    return routes


def open_way(step: Step, node: Node, queue: QueueOut) -> Way | None:
    """The way to a queue that may be sent to, if it takes one more."""
    way = ways.to(step, node, queue)
    return way if way is not None and _takes_more(node, queue, way) else None


def _takes_more(node: Node, queue: QueueOut, way: Way) -> bool:
    sending = way.line.sending
    if queue.id in node.probing and (
        ("probe", queue.id) in node.timers or any(sid == queue.sid for sid, _ in sending)
    ):
        return False
    return (queue.keyed or queue.stranger) and way.has_room and len(sending) < WINDOW


def _encrypted(step: Step, node: Node, row: Outgoing, data: bytes | None = None) -> Outgoing:
    """The same with its wire. What is not chained has no other copy: it stays, in case keys get too old.

    `data` is what the message's body holds, where it is at hand.
    """
    if row.wire is not None:
        return row
    assert row.conversation_id is not None, "what is not for a conversation comes encrypted"
    plain = row.plain or data
    if plain is None:
        message = MESSAGES.get(step.tx, row.message_id)
        plain = None if message is None or message.body_id is None else step.tx.bodies.get(message.body_id)
        assert plain is not None, "a message that is shredded leaves the outbox"
    wire = groups.encrypt(step, node, row.conversation_id, plain)
    return replace(row, wire=wire.data, epoch=wire.epoch)


def with_wire(step: Step, node: Node, row: Outgoing) -> Outgoing:
    """Something of the outbox as it leaves on whatever way: encrypted once, and stored so."""
    if row.wire is None:
        row = _encrypted(step, node, row)
        OUTBOX.change(step.tx, row.id, wire=row.wire, epoch=row.epoch)
    return row


def _seal(step: Step, node: Node, row: Outgoing, route: QueueOut, way: Way) -> None:
    """Make the envelopes of one route, and ask its relay to take them."""
    assert row.wire is not None
    record = _record(route.record)
    frames = frames_for(Kind(row.kind), row.wire, 0)
    first = _take_numbers(step, route, len(frames))
    numbered = [Frame(frame.kind, frame.payload, first + frame.link_seq) for frame in frames]
    for frame in numbered:
        blob = seal_envelope(QueueKey(record.queue_key), frame, entropy=step.entropy)
        msg_id = step.entropy(16)
        envelope = ENVELOPES.make(step.tx, outbox_id=row.id, queue_out_id=route.id, msg_id=msg_id, blob=blob)
        if _takes_more(node, route, way):
            ask(step, node, way, route, envelope)


@lru_cache(512)
def _record(data: bytes) -> QueueRecord:
    """A queue's record, which does not change: it is needed for each frame."""
    return QueueRecord.decode(data)


def _take_numbers(step: Step, route: QueueOut, count: int) -> int:
    """Numbers for frames of a queue; the first of them."""
    return int(queries.NEXT_LINK_SEQ.scalar(step.tx, {"queue": route.id, "count": count})) - count


def ask(step: Step, node: Node, way: Way, route: QueueOut, envelope: EnvelopeRow) -> None:
    """Ask a relay to take an envelope."""
    sending = Sending(envelope.id, envelope.outbox_id, step.now.tick)
    way.line.sending[route.sid, envelope.msg_id] = sending
    body = mbx.Send(
        mbx.SenderId(route.sid),
        mbx.MessageId(envelope.msg_id),
        _BUCKETS[len(envelope.blob)],
        envelope.blob,
        key_of(route.secret).public if route.stranger else None,
    )
    ways.ask(step, way, route, body)
    node.remind(step, ("outbox", 0), LOOK_S)


def confirmed(step: Step, node: Node, outbox_id: int) -> None:
    """The other side has it."""
    if node.sent.get(outbox_id) is None:
        drop_envelopes(step, node, outbox_id)
    OUTBOX.drop(step.tx, id=outbox_id)
    node.sent.pop(outbox_id, None)


def drop_envelopes(step: Step, node: Node, outbox_id: int) -> None:
    """Forget the envelopes of something; receipts for them say nothing any more."""
    ENVELOPES.drop(step.tx, outbox_id=outbox_id)
    for line in node.lines.values():
        for name in [name for name, sending in line.sending.items() if sending.outbox_id == outbox_id]:
            del line.sending[name]
