"""Our queues on relays, and those of others that we send to: made, read, keyed, kept alive (spec 30).

What is to be asked follows from the rows alone, so a line that comes up, a lost answer and a restart are one
case: `tend` asks for all that is missing, and each command may be repeated.
"""

from __future__ import annotations

import struct

from swarm_protocol import mailbox as mbx
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import Cursor, Place, QueueRecord, Recipient, Sender, client, limits
from swarm_protocol.mailbox.commands import Kind

from ..errors import NotReady
from ..storage.shelves import PEERS, QUEUES_IN, QUEUES_OUT, RELAYS, SETTINGS, TICKETS, QueueIn, QueueOut
from . import links, ways
from .links import key_of
from .news import tell
from .node import Line, Node, Reading, jitter
from .step import Step

MAKING = ways.MAKING
SOUGHT = "sought"
"""The state of a queue of others that may not be there: its owner would have made it for us to find."""
BROKEN = "broken"
"""The state of a queue of others whose relay takes our key again and again, and then says that it is gone. It
is no route until the relay has taken the key once more, later each time."""
BROKEN_AFTER = 5
FIRST_DOUBT_S, LAST_DOUBT_S = 1.0, 3600.0
DOUBT_KEPT_S = 4 * 3600.0
"""So long a key must have held until what was before does not count any more. That something is taken in
between says nothing: who lies can do that, too."""
WANTED = 2
"""Queues for each peer, on relays of different owners."""
RETRY_S = 60.0
PULL_AGAIN_S = 3600.0
EXTEND_BEFORE_S = 60 * limits.DAY
"""A lease of 90 days is extended when less than this is left, so about once a month."""


def make(
    step: Step,
    node: Node,
    relay_id: int,
    kind: Kind,
    *,
    peer_id: int | None = None,
    invite_id: int | None = None,
    place: Place | None = None,
) -> int:
    """Have a queue made on a relay, at a place that its sender knows or at none; its row's id.

    The relay is asked as soon as there is a line.

    Raises:
        NotReady: no ticket of this relay is left.
    """
    ticket = TICKETS.one(step.tx, relay_id=relay_id, used=False)
    if ticket is None:
        raise NotReady(
            "this relay has no room for one more contact",
            hint="Ask who runs it for a new link: `swarmnode relay use LINK`.",
        )
    TICKETS.change(step.tx, ticket.id, used=True)
    queue_id = QUEUES_IN.add(
        step.tx,
        relay_id=relay_id,
        peer_id=peer_id,
        invite_id=invite_id,
        kind=int(kind),
        ticket_id=ticket.id,
        secret=step.entropy(32),
        queue_key=step.entropy(32) if place is None else place.queue_key,
        sid=None if place is None else place.sid,
        state=MAKING,
        made_at=step.wall_s,
    )
    line = links.want(step, node, relay_id)
    if line.is_up:
        tend(step, node, line)
    return queue_id


def spare_tickets(step: Step, relay_id: int) -> int:
    """Tickets of a relay for invites: one for each node of a contact is kept, for when other relays die."""
    left = TICKETS.count(step.tx, relay_id=relay_id, used=False)
    return max(0, left - PEERS.count(step.tx, active=True))


def record_of(step: Step, queue: QueueIn) -> QueueRecord | None:
    """What a sender must know of a queue; None while it is not made."""
    relay = RELAYS.get(step.tx, queue.relay_id)
    if relay is None or relay.key is None or relay.hpke is None or queue.sid is None:
        return None
    if queue.state == MAKING:
        return None
    return QueueRecord(
        relay.address, relay.pin, relay.key, relay.hpke, mbx.SenderId(queue.sid), queue.queue_key
    )


def add_outgoing(step: Step, node: Node, peer_id: int, record: QueueRecord, *, state: str) -> int:
    """Take a queue of somebody else's down, to send to; its row's id, the old one's if it is known."""
    known = QUEUES_OUT.one(step.tx, sid=record.sid)
    if known is not None:
        return known.id
    node.routes.clear()
    queue_id = QUEUES_OUT.add(
        step.tx,
        peer_id=peer_id,
        relay_id=relay_at(step, record.address, record.pin),
        record=record.encode(),
        sid=record.sid,
        secret=step.entropy(32),
        state=state,
        added_at=step.wall_s,
    )
    queue = QUEUES_OUT.get(step.tx, queue_id)
    assert queue is not None, "it was added"
    _fix_key(step, node, queue)
    return queue_id


def add_reply(step: Step, node: Node, invite_id: int, record: QueueRecord, *, stranger: bool) -> None:
    """Take the queue of an invite down, to send our request to."""
    if QUEUES_OUT.one(step.tx, sid=record.sid) is not None:
        return
    node.routes.clear()
    queue_id = QUEUES_OUT.add(
        step.tx,
        invite_id=invite_id,
        stranger=stranger,
        relay_id=relay_at(step, record.address, record.pin),
        record=record.encode(),
        sid=record.sid,
        secret=step.entropy(32),
        state="in use",
        added_at=step.wall_s,
    )
    queue = QUEUES_OUT.get(step.tx, queue_id)
    assert queue is not None, "it was added"
    if not stranger:
        _fix_key(step, node, queue)


def change_out(step: Step, node: Node, queue_id: int, **values: object) -> None:
    """Change a queue that we send to; which routes there are is found anew."""
    QUEUES_OUT.change(step.tx, queue_id, **values)
    node.routes.clear()


def relay_at(step: Step, address: str, pin: bytes) -> int:
    """The row of a relay, made if there is none."""
    relay = RELAYS.one(step.tx, pin=pin)
    if relay is not None:
        return relay.id
    return RELAYS.add(step.tx, address=address, pin=pin, state="new", added_at=step.wall_s)


def tend(step: Step, node: Node, line: Line) -> None:
    """Ask for all that the rows of this relay lack, and for what it may pass on."""
    for queue in QUEUES_IN.all(step.tx, relay_id=line.relay_id):
        if queue.state == MAKING:
            _make(step, line, queue)
        elif queue.rid is not None and queue.state not in {Recipient.CLOSED.value, Recipient.DEAD.value}:
            _read(step, node, line, queue)
    fix_keys(step, node)


def fix_keys(step: Step, node: Node) -> None:
    """Fix our keys at queues of others where they are not fixed yet, as far as there are ways."""
    for out in QUEUES_OUT.all(step.tx, keyed=False):
        if out.state != "gone" and not out.stranger:
            _fix_key(step, node, out)


def _make(step: Step, line: Line, queue: QueueIn) -> None:
    ticket = TICKETS.get(step.tx, queue.ticket_id)
    if ticket is None or ("new", queue.id) in line.asked:
        return
    line.asked.add(("new", queue.id))
    key = key_of(queue.secret)
    sid = None if queue.sid is None else mbx.SenderId(queue.sid)
    links.ask(step, line, mbx.New(Kind(queue.kind), key.public, ticket.ticket, sid), key)


def _read(step: Step, node: Node, line: Line, queue: QueueIn) -> None:
    assert queue.rid is not None
    if queue.rid in node.reading or ("sub", queue.id) in line.asked:
        return
    line.asked.add(("sub", queue.id))
    body = mbx.Sub(mbx.RecipientId(queue.rid), node.boot, node.instance)
    links.ask(step, line, body, key_of(queue.secret))


def fix_again(step: Step, node: Node, queue: QueueOut) -> None:
    """Fix our key anew; if the relay does not take it, the queue is gone."""
    change_out(step, node, queue.id, keyed=False)
    _fix_key(step, node, queue)


def doubt(step: Step, node: Node, queue: QueueOut) -> bool:
    """A relay says that a queue is gone; whether what lies ready for it should go another way.

    A relay that went back to an older disk may have forgotten our key alone. What it says to the key decides,
    however much else was on its way and is refused before that. One that takes the key and refuses again is
    asked again after 0 s, 1 s, 2 s, 4 s … up to an hour, and then one envelope is tried.
    """
    if not queue.keyed:  # refused together with others
        _fix_key(step, node, queue)
        return False
    times, at = node.doubts.get(queue.id, (0, step.now.tick))
    times = 1 if step.now.tick - at >= DOUBT_KEPT_S else times + 1
    node.doubts[queue.id] = times, step.now.tick
    if times > 1:
        pause = min(FIRST_DOUBT_S * 2.0 ** min(times - 2, 12), LAST_DOUBT_S)
        node.remind(step, ("key", queue.id), jitter(step.entropy, pause))
        node.probing[queue.id] = node.probing.get(queue.id, 0) + 1
    if times == BROKEN_AFTER:
        tell(step, "relay.contradicts", relay=str(queue.relay_id))
    state = BROKEN if times >= BROKEN_AFTER and queue.peer_id is not None else queue.state
    change_out(step, node, queue.id, keyed=False, state=state)
    _fix_key(step, node, queue)
    return times > 1


def _fix_key(step: Step, node: Node, queue: QueueOut) -> None:
    if ("key", queue.id) in node.timers:
        return
    way = ways.to(step, node, queue)
    if way is None or not way.has_room or ("skey", queue.id) in way.line.asked:
        return
    way.line.asked.add(("skey", queue.id))
    ways.ask(step, way, queue, mbx.SKey(mbx.SenderId(queue.sid), key_of(queue.secret).public))


# Answers


def made(step: Step, node: Node, line: Line, asked: mbx.New, said: mbx.Made | mbx.Error) -> QueueIn | None:
    """NEW was answered; gives the queue if it is there now."""
    queue = next(
        (
            q
            for q in QUEUES_IN.all(step.tx, relay_id=line.relay_id, state=MAKING)
            if key_of(q.secret).public == asked.key
        ),
        None,
    )
    if queue is None:
        return None
    line.asked.discard(("new", queue.id))
    if isinstance(said, mbx.Error):
        if said.code is mbx.ErrorCode.TICKET:
            _another_ticket(step, line, queue)
        elif said.code is mbx.ErrorCode.CONFLICT:
            _another_place(step, node, queue)
        else:
            node.remind(step, ("tend", line.relay_id), float(said.retry_after or RETRY_S))
        return None
    state = Recipient.NEW if Kind(queue.kind) is Kind.PAIR else Recipient.ACTIVE
    sid = queue.sid or said.sid
    QUEUES_IN.change(step.tx, queue.id, rid=said.rid, sid=sid, until=said.until, state=state.value)
    queue = QUEUES_IN.get(step.tx, queue.id)
    assert queue is not None
    _read(step, node, line, queue)
    return queue


def _another_ticket(step: Step, line: Line, queue: QueueIn) -> None:
    """A ticket that the relay does not take was used by a state of ours that is gone, or is none."""
    ticket = TICKETS.one(step.tx, relay_id=line.relay_id, used=False)
    if ticket is None:
        QUEUES_IN.change(step.tx, queue.id, state=Recipient.DEAD.value)
        tell(step, "relay.tickets", relay=str(line.relay_id))
        return
    TICKETS.change(step.tx, ticket.id, used=True)
    QUEUES_IN.change(step.tx, queue.id, ticket_id=ticket.id)
    again = QUEUES_IN.get(step.tx, queue.id)
    assert again is not None
    _make(step, line, again)


def _another_place(step: Step, node: Node, queue: QueueIn) -> None:
    """The sid that we named is taken: the ticket is free again, and the next place is tried."""
    assert queue.ticket_id is not None, "it was made with one"
    TICKETS.change(step.tx, queue.ticket_id, used=False)
    QUEUES_IN.change(step.tx, queue.id, state=Recipient.DEAD.value)
    node.remind(step, ("rotation", 0), 0.0)


def subscribed(
    step: Step, node: Node, line: Line, asked: mbx.Sub, said: mbx.Info | mbx.Error
) -> QueueIn | None:
    """SUB was answered; gives the queue if it is read now."""
    queue = QUEUES_IN.one(step.tx, rid=asked.rid)
    if queue is None:
        return None
    line.asked.discard(("sub", queue.id))
    if isinstance(said, mbx.Error):
        if said.code is mbx.ErrorCode.CONFLICT:
            conflict(step, node)
        elif said.code is mbx.ErrorCode.GONE:
            QUEUES_IN.change(step.tx, queue.id, state=Recipient.DEAD.value)
            tell(step, "queue.dead", relay=str(line.relay_id))
        else:
            node.remind(step, ("tend", line.relay_id), float(said.retry_after or RETRY_S))
        return None
    cursor = cursor_of(queue).against(said.next_n)
    if cursor.upto != queue.upto:
        QUEUES_IN.change(step.tx, queue.id, upto=cursor.upto, beyond=encode_beyond(cursor.beyond))
    reading = Reading(queue, key_of(queue.secret), last=cursor.upto, beyond=cursor.beyond)
    node.reading[asked.rid] = reading
    # What was stored, and whose ACK was lost, is to be had again: or it would lie there until its end.
    pull(step, line, reading, after=0 if said.messages else reading.last)
    if said.until < step.wall_s + EXTEND_BEFORE_S and Kind(queue.kind) is not Kind.INVITE:
        links.ask(step, line, mbx.Ext(asked.rid), reading.key)
    return queue


def pull(step: Step, line: Line, reading: Reading, *, after: int | None = None) -> None:
    """Ask for the next messages of a queue, or for those after a number."""
    reading.credit = limits.MAX_PULL
    assert reading.row.rid is not None
    body = mbx.Pull(
        mbx.RecipientId(reading.row.rid), reading.last if after is None else after, limits.MAX_PULL
    )
    links.ask(step, line, body, reading.key)


def pull_again(step: Step, node: Node) -> None:
    """Ask again for all that lies in the queues that are read.

    A relay lets no more go than was asked for. If it believes that it has delivered what never came, it would
    be silent for as long as the line stands.
    """
    for reading in node.reading.values():
        line = node.lines.get(reading.row.relay_id)
        if line is not None and line.is_up:
            pull(step, line, reading, after=0)


def extended(step: Step, asked: mbx.Ext, said: mbx.Info | mbx.Error) -> None:
    """EXT was answered."""
    queue = QUEUES_IN.one(step.tx, rid=asked.rid)
    if queue is not None and isinstance(said, mbx.Info):
        QUEUES_IN.change(step.tx, queue.id, until=said.until)


def keyed(step: Step, node: Node, line: Line, asked: mbx.SKey, said: mbx.Done | mbx.Error) -> QueueOut | None:
    """SKEY was answered; gives the queue, which is gone if the relay says so."""
    queue = QUEUES_OUT.one(step.tx, sid=asked.sid)
    if queue is None:
        return None
    line.asked.discard(("skey", queue.id))
    if isinstance(said, mbx.Done):
        state = Sender.ADDED.value if queue.state in {SOUGHT, BROKEN} else queue.state
        change_out(step, node, queue.id, keyed=True, state=state)
    elif said.code is mbx.ErrorCode.GONE and queue.state == SOUGHT:
        QUEUES_OUT.drop(step.tx, id=queue.id)  # it may be made yet, and is no route that is lost
        return None
    elif said.code is mbx.ErrorCode.GONE:
        change_out(step, node, queue.id, state="gone")
    else:
        node.remind(step, ("tend", line.relay_id), float(said.retry_after or RETRY_S))
        return None
    return QUEUES_OUT.get(step.tx, queue.id)


def displaced(step: Step, node: Node, line: Line, notice: mbx.Displaced) -> None:
    """Another connection reads our queue: a copy of this node, if it proves to be one."""
    reading = node.reading.pop(notice.rid, None)
    if reading is None or line.caller is None:
        return
    own = mbx.Sub(notice.rid, node.boot, node.instance)
    try:
        client.check_copy(notice.sub, line.caller.session.relay, reading.key.public, own)
    except RemoteProtocolError:
        queue = QUEUES_IN.get(step.tx, reading.row.id)
        if queue is not None:
            _read(step, node, line, queue)
        return
    conflict(step, node)


def conflict(step: Step, node: Node) -> None:
    """A copy of this home runs: nothing more is sealed here, and no line is kept."""
    node.quarantine = "a copy of this home is running, or has run, elsewhere"
    SETTINGS.put(step.tx, name="quarantine", value=node.quarantine.encode())
    links.shut_all(step, node)
    tell(step, "node.quarantine")


# Cursors


def cursor_of(queue: QueueIn) -> Cursor:
    """The cursor that a row holds."""
    return Cursor(queue.upto, decode_beyond(queue.beyond))


def encode_beyond(beyond: tuple[tuple[int, int], ...]) -> bytes | None:
    """Ranges as bytes for a row."""
    return b"".join(struct.pack(">QQ", first, last) for first, last in beyond) or None


def decode_beyond(data: bytes | None) -> tuple[tuple[int, int], ...]:
    """Ranges from a row."""
    return tuple((first, last) for first, last in struct.iter_unpack(">QQ", data or b""))
