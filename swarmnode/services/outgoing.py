"""The outbox: what is to reach another node, from the wish to the word that it is there (spec 60 §2).

    keyless -> queued    once its conversation has keys, after a restore
    queued  -> sealed -> sent -> gone (confirmed, or nothing to wait for)
    sealed  -> queued    where its keys have become too old
    any     -> expired   after 200 tries

It is encrypted when a route is up, not before: a long wait costs no keys. What is encrypted stays as it is (a
retry is the same message in another envelope), and envelopes stay byte for byte until a relay has signed for
them. A route is a direct link, or a queue of the peer on a relay to which there is a line; the first one is
used, and the next one where the first gives no receipt or the peer does not confirm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from swarm_protocol import mailbox as mbx
from swarm_protocol.envelope import Bucket, Frame, Kind, QueueKey, frames_for, seal_envelope
from swarm_protocol.mailbox import QueueRecord

from ..storage import queries
from ..storage.shelves import (
    CONVERSATIONS,
    ENVELOPES,
    GROUP_HEADS,
    MESSAGES,
    OUTBOX,
    PEERS,
    QUEUES_OUT,
    Outgoing,
    QueueOut,
)
from . import direct, groups, links, queues, ways
from .links import key_of
from .news import tell
from .node import Line, Node, Sending, jitter
from .step import Step
from .ways import Way

WINDOW = 128
"""Envelopes of one line that wait for a receipt at once."""
BATCH = 32
"""What is sealed in one step, so that no other input waits long."""
NO_RECEIPT_S = 30.0
"""A line that gives no receipt for so long is broken."""
UNCONFIRMED_S = 600.0
"""What was sent and not confirmed for so long goes out again, over another queue if there is one."""
LINE_GONE_S = 15.0
"""What was sent to a relay that has been away for so long does not wait for the full time."""
FIRST_AGAIN_S, LAST_AGAIN_S = 1.0, 900.0
"""An envelope that gets no receipt goes out again after 1 s, 2 s, 4 s … when there is a line: a relay that
takes and never answers is not stormed."""
LAST_REPEAT_S = 6 * 3600.0
MAX_ATTEMPTS = 200
KEPT_EPOCHS = 3
"""What was encrypted more epochs ago is encrypted anew: the other side keeps five."""
LOOK_S, LOOK_WHILE_AWAY_S, LOOK_AT_LEAST_S = 5.0, 60.0, 600.0
"""How often is looked while a receipt is due, while a relay is away, and while the other side must answer."""

KEYLESS, QUEUED, SEALED, SENT = "keyless", "queued", "sealed", "sent"
_ROUTES = ("in use", "tested", "added")
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
    row = OUTBOX.make(
        step.tx,
        peer_id=peer_id,
        conversation_id=conversation_id,
        message_id=message_id,
        kind=int(Kind.MLS_PRIVATE),
        plain=plain,
        wire=None if wire is None else wire.data,
        epoch=None if wire is None else wire.epoch,
        important=important,
        repeat=repeat,
        state=QUEUED if groups.has_keys(step, conversation_id) else KEYLESS,
        created_at=step.wall_s,
    )
    if row.state == QUEUED:
        _push(step, node, row, data)
    return row.id


def keys_are_there(step: Step, node: Node, conversation_id: int) -> None:
    """A conversation has keys again: what was said meanwhile leaves."""
    for row in OUTBOX.all(step.tx, conversation_id=conversation_id, state=KEYLESS):
        OUTBOX.change(step.tx, row.id, state=QUEUED)
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
    row = OUTBOX.make(
        step.tx,
        peer_id=peer_id,
        invite_id=invite_id,
        kind=int(kind),
        wire=wire,
        important=True,
        repeat=repeat,
        state=QUEUED,
        created_at=step.wall_s,
    )
    _push(step, node, row)
    return row.id


def post_through(
    step: Step, node: Node, route: QueueOut, peer_id: int, conversation_id: int, plain: bytes
) -> None:
    """Send content through one queue alone, if there is a line; who wants it asks again otherwise."""
    if _open_way(step, node, route) is None or node.quarantine:
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
    _seal(step, node, _encrypted(step, node, row), route)


def _push(step: Step, node: Node, row: Outgoing, data: bytes | None = None) -> None:
    """Let go of something new at once, unless older things for the same peer still wait."""
    node.remind(step, ("outbox", 0), LOOK_S)
    first = queries.FIRST_QUEUED.scalar(step.tx, {"peer": row.peer_id, "invite": row.invite_id})
    if first == row.id:
        _send(step, node, row, data)
    else:
        node.remind(step, ("pump", 0), 0.0)


def pump(step: Step, node: Node) -> None:
    """Let go of what is queued, for each peer the oldest first, as far as routes and windows allow."""
    node.backlog = False
    for peer_id, invite_id in queries.TARGETS.rows(step.tx):
        rows = OUTBOX.query(
            step.tx, queries.NEXT_QUEUED, {"peer": peer_id, "invite": invite_id, "count": BATCH}
        )
        sent = 0
        for row in rows:
            if not _send(step, node, row):
                break
            sent += 1
        if sent == BATCH:
            node.backlog = True
            node.remind(step, ("pump", 0), 0.0)
        elif sent < len(rows):
            node.backlog = True  # no route or no room; a line that comes up, or a receipt, looks again


def _send(step: Step, node: Node, row: Outgoing, data: bytes | None = None) -> bool:
    """Seal something for the routes that are up; whether there was one."""
    if node.quarantine:
        return False
    link = direct.link_to(step, node, row.peer_id)
    usable: list[QueueOut] = []
    if link is None or row.attempts:  # what went over a link and was not confirmed goes over queues
        usable = [route for route in routes_of(step, node, row) if _open_way(step, node, route)]
    if link is None and not usable:
        return False
    if row.wire is None:
        row = _encrypted(step, node, row, data)
    if usable:
        chosen = usable if row.important else [usable[row.attempts % len(usable)]]
        for route in chosen:
            _seal(step, node, row, route)
    elif link is not None:
        direct.send(step, link, row)
        node.remind(step, ("outbox", 0), LOOK_S)
    OUTBOX.change(step.tx, row.id, state=SEALED, wire=row.wire, epoch=row.epoch)
    return True


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
        found = [queue for queue in found if queue.state in _ROUTES]
        routes = sorted(found, key=lambda queue: (_ROUTES.index(queue.state), queue.id))
        node.routes[target] = routes
    return routes


def _open_way(step: Step, node: Node, queue: QueueOut) -> Way | None:
    """The way to a queue that may be sent to, if it takes one more."""
    way = ways.to(step, node, queue)
    usable = way is not None and (queue.keyed or queue.stranger)
    return way if usable and way is not None and len(way.line.sending) < WINDOW and way.has_room else None


def _encrypted(step: Step, node: Node, row: Outgoing, data: bytes | None = None) -> Outgoing:
    """The same with its wire. What is not chained has no other copy: it stays, in case keys get too old."""
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


def _seal(step: Step, node: Node, row: Outgoing, route: QueueOut) -> None:
    """Make the envelopes of one route, and ask its relay to take them."""
    assert row.wire is not None
    record = QueueRecord.decode(route.record)
    frames = frames_for(Kind(row.kind), row.wire, 0)
    first = _take_numbers(step, route, len(frames))
    numbered = [Frame(frame.kind, frame.payload, first + frame.link_seq) for frame in frames]
    for frame in numbered:
        blob = seal_envelope(QueueKey(record.queue_key), frame, entropy=step.entropy)
        msg_id = step.entropy(16)
        envelope_id = ENVELOPES.add(
            step.tx,
            outbox_id=row.id,
            queue_out_id=route.id,
            msg_id=msg_id,
            bucket=_BUCKETS[len(blob)],
            blob=blob,
            state="ready",
        )
        way = _open_way(step, node, route)
        if way is not None:
            _ask(step, node, way, route, envelope_id, row.id, msg_id, blob)


def _take_numbers(step: Step, route: QueueOut, count: int) -> int:
    """Numbers for frames of a queue; the first of them."""
    return int(queries.NEXT_LINK_SEQ.scalar(step.tx, {"queue": route.id, "count": count})) - count


def _ask(
    step: Step,
    node: Node,
    way: Way,
    route: QueueOut,
    envelope_id: int,
    outbox_id: int,
    msg_id: bytes,
    blob: bytes,
) -> None:
    way.line.sending[route.sid, msg_id] = Sending(envelope_id, outbox_id, step.now.tick)
    body = mbx.Send(
        mbx.SenderId(route.sid),
        mbx.MessageId(msg_id),
        _BUCKETS[len(blob)],
        blob,
        key_of(route.secret).public if route.stranger else None,
    )
    ways.ask(step, way, route, body)
    node.remind(step, ("outbox", 0), LOOK_S)


def resume(step: Step, node: Node) -> None:
    """A line is up, or something has room: ask for receipts of what is ready, then let go of more."""
    for route in _ready_routes(step):
        if route.state == "gone":
            reroute(step, node, route.id)
        if route.state not in _ROUTES:
            continue
        for envelope in ENVELOPES.all(step.tx, state="ready", queue_out_id=route.id):
            if any((route.sid, envelope.msg_id) in line.sending for line in node.lines.values()):
                continue
            tried, again = node.repeats.get(envelope.id, (0, 0.0))
            if step.now.tick < again:
                continue
            way = _open_way(step, node, route)
            if way is None:
                break
            wait = min(FIRST_AGAIN_S * 2**tried, LAST_AGAIN_S)
            node.repeats[envelope.id] = tried + 1, step.now.tick + wait
            node.remind(step, ("resend", 0), wait)
            assert envelope.blob is not None
            _ask(step, node, way, route, envelope.id, envelope.outbox_id, envelope.msg_id, envelope.blob)
    pump(step, node)


def answered(step: Step, node: Node, line: Line, asked: mbx.Send, said: mbx.Receipt | mbx.Error) -> None:
    """A relay gave a receipt, or refused."""
    sending = line.sending.pop((asked.sid, asked.msg_id), None)
    if sending is None:
        return
    if isinstance(said, mbx.Receipt):
        ENVELOPES.drop(step.tx, id=sending.envelope_id)
        node.repeats.pop(sending.envelope_id, None)
        if not ENVELOPES.count(step.tx, outbox_id=sending.outbox_id):
            _sent(step, node, sending.outbox_id)
    else:
        _refused(step, node, line, asked, said, sending)
    if node.backlog and len(line.sending) < WINDOW // 2:
        node.remind(step, ("pump", 0), 0.0)


def _sent(step: Step, node: Node, outbox_id: int) -> None:
    """Every envelope of it lies at a relay."""
    row = OUTBOX.get(step.tx, outbox_id)
    if row is None:
        return
    if row.message_id is not None:
        name = queries.MARK_SENT.scalar(step.tx, {"message": row.message_id})
        if name is not None:
            tell(step, "message.state", message=name.hex(), state="sent")
    if not row.repeat:
        OUTBOX.drop(step.tx, id=outbox_id)
        return
    OUTBOX.change(step.tx, outbox_id, state=SENT)
    node.sent[outbox_id] = step.now.tick


def stored(step: Step, node: Node, rows: list[int]) -> None:
    """Nodes at the other end of direct links have these."""
    for outbox_id in rows:
        _sent(step, node, outbox_id)
    if node.backlog:
        node.remind(step, ("pump", 0), 0.0)


def unanswered(step: Step, node: Node, rows: list[int]) -> None:
    """These left over direct links, and nobody said that they are there: they go another way."""
    for outbox_id in rows:
        if OUTBOX.one(step.tx, id=outbox_id, state=SEALED) is not None:
            OUTBOX.change(step.tx, outbox_id, state=QUEUED)
            node.remind(step, ("pump", 0), 0.0)


def _refused(step: Step, node: Node, line: Line, asked: mbx.Send, said: mbx.Error, sending: Sending) -> None:
    queue = QUEUES_OUT.one(step.tx, sid=asked.sid)
    if queue is None:
        return
    if said.code is mbx.ErrorCode.GONE and queue.keyed:
        # A relay that went back to an older disk may have forgotten our key alone.
        queues.fix_again(step, node, queue)
    elif said.code is mbx.ErrorCode.GONE:
        queues.change_out(step, node, queue.id, state="gone")
        reroute(step, node, queue.id)
    elif said.code is mbx.ErrorCode.QUOTA:
        queues.change_out(step, node, queue.id, state="blocked")
        node.remind(step, ("unblock", queue.id), jitter(step.entropy, 60.0))
        _waits(step, sending.outbox_id, "quota")
        reroute(step, node, queue.id)
    elif said.code in {mbx.ErrorCode.TOOBIG, mbx.ErrorCode.CONFLICT}:
        ENVELOPES.drop(step.tx, id=sending.envelope_id)
        _back_to_queue(step, node, sending.outbox_id)
    else:
        _waits(step, sending.outbox_id, "relay busy")
        node.remind(step, ("resend", line.relay_id), float(said.retry_after or 60))


def _waits(step: Step, outbox_id: int, reason: str) -> None:
    row = OUTBOX.get(step.tx, outbox_id)
    if row is not None and row.message_id is not None:
        MESSAGES.change(step.tx, row.message_id, state="waiting", reason=reason)


def reroute(step: Step, node: Node, queue_out_id: int) -> None:
    """What lies ready for a queue goes another way."""
    for outbox_id in {envelope.outbox_id for envelope in ENVELOPES.all(step.tx, queue_out_id=queue_out_id)}:
        _drop_envelopes(step, node, outbox_id)
        _back_to_queue(step, node, outbox_id)
    node.remind(step, ("pump", 0), 0.0)


def _drop_envelopes(step: Step, node: Node, outbox_id: int) -> None:
    ENVELOPES.drop(step.tx, outbox_id=outbox_id)
    for line in node.lines.values():
        for name in [name for name, sending in line.sending.items() if sending.outbox_id == outbox_id]:
            del line.sending[name]


def _back_to_queue(step: Step, node: Node, outbox_id: int) -> None:
    """Try it again; given up after `MAX_ATTEMPTS`, where everybody can see it."""
    row = OUTBOX.get(step.tx, outbox_id)
    if row is None:
        return
    node.sent.pop(outbox_id, None)
    if row.attempts + 1 >= MAX_ATTEMPTS:
        OUTBOX.drop(step.tx, id=outbox_id)
        if row.message_id is not None:
            MESSAGES.change(step.tx, row.message_id, state="expired", reason="no answer")
            tell(step, "message.state", outbox=outbox_id, state="expired")
        return
    changes: dict[str, object] = {"state": QUEUED, "attempts": row.attempts + 1}
    if _too_old(step, node, row):
        changes |= {"wire": None, "epoch": None}
    OUTBOX.change(step.tx, outbox_id, **changes)


def _too_old(step: Step, node: Node, row: Outgoing) -> bool:
    renewable = row.message_id is not None or row.plain is not None
    if row.epoch is None or row.conversation_id is None or not renewable:
        return False
    group = groups.current(step, row.conversation_id)
    del node
    return group.epoch - row.epoch > KEPT_EPOCHS or group.epoch < row.epoch


def look(step: Step, node: Node) -> None:
    """What has waited too long: lines without receipts, relays that are away, peers that do not confirm."""
    for line in list(node.lines.values()):
        oldest = min((sending.since for sending in line.sending.values()), default=step.now.tick)
        if line.is_up and step.now.tick - oldest > NO_RECEIPT_S:
            links.fail(step, node, line, "no receipts")
    unanswered(step, node, direct.end_stalled(step, node))
    for queue_id in _stranded(step, node):
        reroute(step, node, queue_id)
    pause = LOOK_AT_LEAST_S
    for outbox_id, since in list(node.sent.items()):
        row = OUTBOX.get(step.tx, outbox_id)
        if row is None:
            node.sent.pop(outbox_id, None)
            continue
        wait = _again_at(step, node, row, since, routes_of(step, node, row)) - step.now.tick
        if wait <= 0:
            _back_to_queue(step, node, outbox_id)
        pause = min(pause, wait)
    pump(step, node)
    asked = [*(line.sending for line in node.lines.values()), *(n.sending for n in node.near.links.values())]
    if any(asked):
        pause = LOOK_S
    elif _ready_routes(step):
        pause = min(pause, LOOK_WHILE_AWAY_S)  # a line that breaks or comes up is looked at by itself
    if OUTBOX.count(step.tx):
        node.remind(step, ("outbox", 0), max(pause, LOOK_S))


def _stranded(step: Step, node: Node) -> list[int]:
    """Queues with something ready whose relay is away, while there is another way to the same peer."""
    found: list[int] = []
    for route in _ready_routes(step):
        ways.to(step, node, route)
        since = ways.away_since(step, node, route)
        if since is None or step.now.tick - since <= 2.0:
            continue
        near = direct.link_to(step, node, route.peer_id) is not None
        if near or any(ways.to(step, node, other) is not None for other in _siblings(step, route)):
            found.append(route.id)
    return found


def _ready_routes(step: Step) -> list[QueueOut]:
    ids = [row[0] for row in queries.READY_ROUTES.rows(step.tx)]
    return [queue for queue_id in ids if (queue := QUEUES_OUT.get(step.tx, queue_id)) is not None]


def _siblings(step: Step, route: QueueOut) -> Sequence[QueueOut]:
    others = QUEUES_OUT.all(step.tx, peer_id=route.peer_id, invite_id=route.invite_id)
    return [q for q in others if q.id != route.id and q.state in _ROUTES and (q.keyed or q.stranger)]


def _again_at(step: Step, node: Node, row: Outgoing, since: float, routes: Sequence[QueueOut]) -> float:
    """The tick at which something that was sent goes out again; the wait doubles with each try."""
    at = since + float(min(UNCONFIRMED_S * 2**row.attempts, LAST_REPEAT_S))
    down = ways.away_since(step, node, routes[0]) if len(routes) > 1 and not row.attempts else None
    return at if down is None else min(at, max(since, down) + LINE_GONE_S)


def started(step: Step, node: Node) -> None:
    """The engine is new: what was sent is waited for from now on, what is ready goes out again."""
    for row in OUTBOX.all(step.tx, state=SENT):
        node.sent[row.id] = step.now.tick
    for row in OUTBOX.all(step.tx, state=SEALED):
        if not ENVELOPES.count(step.tx, outbox_id=row.id):
            OUTBOX.change(step.tx, row.id, state=QUEUED)
    node.backlog = True
    for route in _ready_routes(step):
        ways.to(step, node, route)
    if OUTBOX.count(step.tx):
        node.remind(step, ("outbox", 0), 0.0)


def unblock(step: Step, node: Node, queue_out_id: int) -> None:
    """Try a queue again that was full."""
    queue = QUEUES_OUT.get(step.tx, queue_out_id)
    if queue is not None and queue.state == "blocked":
        queues.change_out(step, node, queue_out_id, state="in use")
        node.remind(step, ("pump", 0), 0.0)


def confirmed(step: Step, node: Node, outbox_id: int) -> None:
    """The other side has it."""
    if node.sent.get(outbox_id) is None:
        _drop_envelopes(step, node, outbox_id)
    OUTBOX.drop(step.tx, id=outbox_id)
    node.sent.pop(outbox_id, None)


def renew_keys(step: Step, node: Node) -> None:
    """Fresh leaf keys where ours are old: committed by us, or proposed to who commits."""
    if node.quarantine:
        return
    for group in GROUP_HEADS.all(step.tx, current=True):
        conversation = CONVERSATIONS.get(step.tx, group.conversation_id)
        assert conversation is not None
        if not groups.wants_update(step, group) or conversation.contact_id is None:
            continue
        if groups.commits(groups.state_of(step, node, group)):
            wire = groups.commit(step, node, group)
        else:
            wire = groups.propose_update(step, node, group)
        for peer in PEERS.all(step.tx, contact_id=conversation.contact_id, active=True):
            post(step, node, peer.id, conversation.id, wire=wire, important=True)
