"""What came of what left: relays sign for it, refuse it or are silent, and so it goes again (spec 60 §2).

    sealed  -> sent      every envelope has a receipt
    sealed, sent -> queued    it goes another way, or nobody confirmed it in time
    any     -> expired   after 200 tries

A queue that is full is no failed try, nor is a line that breaks before the relay has signed: what is for that
queue waits. One envelope is tried now and then, and as soon as something is heard of its owner, who makes
room by reading; when one is taken the others follow. So a relay that never answers is not stormed.
"""

from __future__ import annotations

from collections.abc import Sequence

from swarm_protocol import mailbox as mbx

from ..storage import queries
from ..storage.shelves import ENVELOPES, MESSAGES, OUTBOX, QUEUES_OUT, EnvelopeRow, Outgoing, QueueOut
from . import carriage, direct, groups, links, outgoing, queues, ways
from .news import tell
from .node import Line, Node, Sending, jitter
from .outgoing import LOOK_S, QUEUED, ROUTES, SEALED, SENT, WINDOW
from .step import Step

NO_RECEIPT_S = 30.0
"""A line that gives no receipt for so long is broken."""
UNCONFIRMED_S = 600.0
"""What was sent and not confirmed for so long goes out again, over another queue if there is one."""
LINE_GONE_S = 15.0
"""What was sent to a relay that has been away for so long does not wait for the full time."""
LAST_REPEAT_S = 6 * 3600.0
MAX_ATTEMPTS = 200
KEPT_EPOCHS = 3
"""What was encrypted more epochs ago is encrypted anew: the other side keeps five."""
FULL_S = 60.0
"""A queue that was full is tried again after so long, if nothing is heard of its owner before."""
BUSY_S = 60.0
"""A relay that is busy, and does not say for how long, is tried again after so long, and ever more rarely."""
STUCK_S = 60.0
"""What another network has not taken for so long goes another way, if there is one now."""
LOOK_WHILE_AWAY_S, LOOK_AT_LEAST_S = 60.0, 600.0
"""How often is looked while a relay is away, and while the other side must answer."""


def resume(step: Step, node: Node) -> None:
    """A line is up, or something has room: ask for receipts of what is ready, then let go of more."""
    for route in _ready_routes(step):
        if route.state == "gone":
            reroute(step, node, route.id)
        if route.state not in ROUTES:
            continue
        for envelope in _in_turn(node, route, ENVELOPES.all(step.tx, queue_out_id=route.id)):
            if any((route.sid, envelope.msg_id) in line.sending for line in node.lines.values()):
                continue
            way = outgoing.open_way(step, node, route)
            if way is None:
                break
            outgoing.ask(step, node, way, route, envelope)
    outgoing.pump(step, node)


def _in_turn(node: Node, route: QueueOut, ready: Sequence[EnvelopeRow]) -> Sequence[EnvelopeRow]:
    """What is ready for a queue. Where one is tried, each time another: one of them may be the trouble."""
    turn = node.probing.get(route.id, 0) % max(len(ready), 1)
    return [*ready[turn:], *ready[:turn]]


def answered(step: Step, node: Node, line: Line, asked: mbx.Send, said: mbx.Receipt | mbx.Error) -> None:
    """A relay gave a receipt, or refused."""
    sending = line.sending.pop((asked.sid, asked.msg_id), None)
    if sending is None:
        return
    if isinstance(said, mbx.Receipt):
        _taken(step, node, asked.sid)
        ENVELOPES.drop(step.tx, id=sending.envelope_id)
        if not ENVELOPES.count(step.tx, outbox_id=sending.outbox_id):
            _sent(step, node, sending.outbox_id)
    else:
        _refused(step, node, asked, said, sending)
    if node.backlog and len(line.sending) < WINDOW // 2:
        node.remind(step, ("pump", 0), 0.0)
    if not line.sending:
        _rest(step, node)


def _rest(step: Step, node: Node) -> None:
    """No receipt is due: the next look is when the first of what was sent may have to go again."""
    if _asked(node) or _away(node):
        return
    first = next(iter(node.sent.values()), step.now.tick)
    wait = min(first + UNCONFIRMED_S - step.now.tick, LOOK_AT_LEAST_S)
    node.remind(step, ("outbox", 0), max(wait, LOOK_S), sooner=False)


def _asked(node: Node) -> bool:
    """Whether a receipt is due from a relay, or an answer over a direct link."""
    lines, near = node.lines.values(), node.near.links.values()
    return any(line.sending for line in lines) or any(link.sending for link in near)


def _away(node: Node) -> bool:
    """Whether a relay that was wanted is away."""
    return bool(node.detours) or any(line.down_since is not None for line in node.lines.values())


def _taken(step: Step, node: Node, sid: bytes) -> None:
    """A queue takes something: if it was full, it has room now."""
    queue = QUEUES_OUT.one(step.tx, sid=sid) if node.probing else None
    if queue is not None and node.probing.pop(queue.id, None) is not None:
        node.full.discard(queue.id)
        node.timers.pop(("probe", queue.id), None)
        node.remind(step, ("resend", 0), 0.0)


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
    node.sent.pop(outbox_id, None)
    node.sent[outbox_id] = step.now.tick


def stored(step: Step, node: Node, rows: list[int]) -> None:
    """Nodes at the other end of direct links have these."""
    for outbox_id in rows:
        _sent(step, node, outbox_id)
    if node.backlog:
        node.remind(step, ("pump", 0), 0.0)


def carried(step: Step, node: Node, what: tuple[int, bool] | None) -> None:
    """A network has all fragments of something; or refuses one, so it goes another way, or later."""
    if what is None:
        return
    outbox_id, taken = what
    if taken:
        _sent(step, node, outbox_id)
    else:
        _back_to_queue(step, node, outbox_id)
    node.remind(step, ("pump", 0), 0.0)


def unanswered(step: Step, node: Node, rows: list[int]) -> None:
    """These left over direct links, and nobody said that they are there: they go another way."""
    for outbox_id in rows:
        if OUTBOX.one(step.tx, id=outbox_id, state=SEALED) is not None:
            OUTBOX.change(step.tx, outbox_id, state=QUEUED)
            node.backlog = True
            node.remind(step, ("pump", 0), 0.0)


def _refused(step: Step, node: Node, asked: mbx.Send, said: mbx.Error, sending: Sending) -> None:
    queue = QUEUES_OUT.one(step.tx, sid=asked.sid)
    if queue is None:
        return
    if said.code is mbx.ErrorCode.GONE and (queue.stranger or queue.state == "gone"):
        queues.change_out(step, node, queue.id, state="gone")
        reroute(step, node, queue.id)
    elif said.code is mbx.ErrorCode.GONE:
        if queues.doubt(step, node, queue):
            reroute(step, node, queue.id, tried=False)
    elif said.code is mbx.ErrorCode.QUOTA:
        node.probing[queue.id] = node.probing.get(queue.id, 0) + 1
        node.full.add(queue.id)
        node.remind(step, ("probe", queue.id), jitter(step.entropy, FULL_S))
        _waits(step, sending.outbox_id, "quota")
        reroute(step, node, queue.id, tried=False)
    elif said.code in {mbx.ErrorCode.TOOBIG, mbx.ErrorCode.CONFLICT}:
        ENVELOPES.drop(step.tx, id=sending.envelope_id)
        _back_to_queue(step, node, sending.outbox_id)
        links.probe_later(step, node, asked.sid)
    else:
        _waits(step, sending.outbox_id, "relay busy")
        links.probe_later(step, node, asked.sid, float(said.retry_after or BUSY_S))


def _waits(step: Step, outbox_id: int, reason: str) -> None:
    row = OUTBOX.get(step.tx, outbox_id)
    if row is not None and row.message_id is not None:
        MESSAGES.change(step.tx, row.message_id, state="waiting", reason=reason)


def reroute(step: Step, node: Node, queue_out_id: int, *, tried: bool = True) -> None:
    """What lies ready for a queue goes another way; `tried` says that this was a try."""
    for outbox_id in {envelope.outbox_id for envelope in ENVELOPES.all(step.tx, queue_out_id=queue_out_id)}:
        outgoing.drop_envelopes(step, node, outbox_id)
        _back_to_queue(step, node, outbox_id, tried=tried)
    node.remind(step, ("pump", 0), 0.0)


def _back_to_queue(step: Step, node: Node, outbox_id: int, *, tried: bool = True) -> None:
    """Try it again; given up after `MAX_ATTEMPTS`, where everybody can see it."""
    row = OUTBOX.get(step.tx, outbox_id)
    if row is None:
        return
    node.sent.pop(outbox_id, None)
    attempts = row.attempts + tried
    if attempts >= MAX_ATTEMPTS:
        OUTBOX.drop(step.tx, id=outbox_id)
        if row.message_id is not None:
            MESSAGES.change(step.tx, row.message_id, state="expired", reason="no answer")
            given_up = MESSAGES.get(step.tx, row.message_id)
            if given_up is not None:
                tell(step, "message.state", message=given_up.name.hex(), state="expired")
        return
    changes: dict[str, object] = {"state": QUEUED, "attempts": attempts}
    if _too_old(step, row):
        changes |= {"wire": None, "epoch": None}
        carriage.forget(step, outbox_id)
    OUTBOX.change(step.tx, outbox_id, **changes)
    node.backlog = True


def _too_old(step: Step, row: Outgoing) -> bool:
    renewable = row.message_id is not None or row.plain is not None
    if row.epoch is None or row.conversation_id is None or not renewable:
        return False
    group = groups.current(step, row.conversation_id)
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
    _stuck(step, node)
    pause = _repeat(step, node)
    outgoing.pump(step, node)
    if _asked(node):
        pause = LOOK_S
    elif _ready_routes(step):
        pause = min(pause, LOOK_WHILE_AWAY_S)  # a line that breaks or comes up is looked at by itself
    if node.carrying:
        pause = min(pause, STUCK_S)
    if OUTBOX.count(step.tx):
        node.remind(step, ("outbox", 0), max(pause, LOOK_S))


def _stuck(step: Step, node: Node) -> None:
    """What lies with a network that does not take it goes another way, where one is up, or says why not."""
    for outbox_id, since in list(node.carrying.items()):
        row = OUTBOX.get(step.tx, outbox_id)
        if row is None or not carriage.is_under_way(step, outbox_id):
            del node.carrying[outbox_id]
        elif step.now.tick - since < STUCK_S:
            continue
        elif _another_way(step, node, row):
            del node.carrying[outbox_id]
            carriage.forget(step, outbox_id)
            _back_to_queue(step, node, outbox_id)  # a try: else it would be this network's turn again
        else:
            carriage.explain(step, row)


def _another_way(step: Step, node: Node, row: Outgoing) -> bool:
    if direct.link_to(step, node, row.peer_id) is not None or carriage.has_better(step, node, row):
        return True
    routes = outgoing.routes_of(step, node, row)
    return any(outgoing.open_way(step, node, route) is not None for route in routes)


def _repeat(step: Step, node: Node) -> float:
    """Have what nobody confirmed go again; in how many seconds something may be due next."""
    soonest, pause = LINE_GONE_S if _away(node) else UNCONFIRMED_S, LOOK_AT_LEAST_S
    for outbox_id, since in list(node.sent.items()):  # by time: it is a dict, and what is new comes last
        if since + soonest > step.now.tick:
            return min(pause, since + soonest - step.now.tick)
        row = OUTBOX.get(step.tx, outbox_id)
        if row is None:
            node.sent.pop(outbox_id, None)
            continue
        wait = _again_at(step, node, row, since, outgoing.routes_of(step, node, row)) - step.now.tick
        if wait <= 0:
            _back_to_queue(step, node, outbox_id)
        pause = min(pause, wait)
    return pause


def _stranded(step: Step, node: Node) -> list[int]:
    """Queues with something ready whose relay is away, while there is another way to the same peer."""
    found: list[int] = []
    for route in _ready_routes(step):
        ways.to(step, node, route)
        since = ways.away_since(step, node, route)
        if since is None or step.now.tick - since <= 2.0:
            continue
        away_s = step.now.tick - since
        near = direct.link_to(step, node, route.peer_id) is not None
        near = near or (away_s >= carriage.AFTER_S and carriage.reaches(step, route.peer_id))
        if near or any(ways.to(step, node, other) is not None for other in _siblings(step, route)):
            found.append(route.id)
    return found


def _ready_routes(step: Step) -> list[QueueOut]:
    ids = [row[0] for row in queries.READY_ROUTES.rows(step.tx)]
    return [queue for queue_id in ids if (queue := QUEUES_OUT.get(step.tx, queue_id)) is not None]


def _siblings(step: Step, route: QueueOut) -> Sequence[QueueOut]:
    others = QUEUES_OUT.all(step.tx, peer_id=route.peer_id, invite_id=route.invite_id)
    return [q for q in others if q.id != route.id and q.state in ROUTES and (q.keyed or q.stranger)]


def _again_at(step: Step, node: Node, row: Outgoing, since: float, routes: Sequence[QueueOut]) -> float:
    """The tick at which something that was sent goes out again; the wait doubles with each try.

    Through another network it is up to 30 % longer, by lot: where two repeat at the same pace, a network that
    loses each third message would lose the same one each time.
    """
    wait = float(min(UNCONFIRMED_S * 2**row.attempts, LAST_REPEAT_S))
    if carriage.left(step, row.id):
        wait = jitter(step.entropy, wait * 1.15, 0.13)
    at = since + wait
    others = len(routes) > 1 or (bool(routes) and carriage.reaches(step, row.peer_id))
    down = ways.away_since(step, node, routes[0]) if others and not row.attempts else None
    return at if down is None else min(at, max(since, down) + LINE_GONE_S)


def started(step: Step, node: Node) -> None:
    """The engine is new: what was sent is waited for from now on, what is ready goes out again."""
    for (outbox_id,) in queries.OUTBOX_IDS.rows(step.tx, {"state": SENT}):
        node.sent[outbox_id] = step.now.tick
    for row in OUTBOX.all(step.tx, state=SEALED):
        if carriage.is_under_way(step, row.id):
            node.carrying[row.id] = step.now.tick
        elif not ENVELOPES.count(step.tx, outbox_id=row.id):
            OUTBOX.change(step.tx, row.id, state=QUEUED)
    node.backlog = True
    for route in _ready_routes(step):
        ways.to(step, node, route)
    if OUTBOX.count(step.tx):
        node.remind(step, ("outbox", 0), 0.0)


def has_room(step: Step, node: Node, peer_id: int) -> None:
    """A peer was heard of: it reads, so a queue of it that was full may have room."""
    for queue in QUEUES_OUT.all(step.tx, peer_id=peer_id) if node.full else ():
        if queue.id in node.full:
            node.timers.pop(("probe", queue.id), None)
            node.remind(step, ("resend", 0), 0.0)
