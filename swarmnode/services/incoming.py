"""The one way in (spec 60 §3): a blob becomes a frame, parts, an MLS message, content; all in one step.

Whatever carried it (a relay, a direct link, a file) calls `take`. It returns when everything that follows
from the blob is written. So the acknowledgement, an effect of the same step, says that it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from swarm_protocol import cbor
from swarm_protocol import mailbox as mbx
from swarm_protocol.envelope import (
    Frame,
    Gap,
    Kind,
    Part,
    QueueKey,
    Reassembler,
    Waiting,
    Whole,
    open_envelope,
)
from swarm_protocol.errors import RemoteProtocolError

from ..storage.shelves import GAPS, GROUP_HEADS, HELD, PARTS, PARTS_DONE, QUEUES_IN, GroupHead, QueueIn
from . import (
    carried,
    codes,
    groups,
    links,
    meeting,
    outgoing,
    peers,
    queues,
    readmit,
    receipts,
    rejoin,
    repair,
    talk,
)
from .news import tell
from .node import Line, Node, Reading
from .step import Step

POISON = "poison"
"""Kind of a gap that holds an envelope which led to errors."""
MAX_HELD = 2000
"""Messages that wait for a later epoch; beyond that the oldest is a gap, which repair fills."""


@dataclass(frozen=True, slots=True)
class Source:
    """Whose queue something came through: a peer's, or that of an invite."""

    peer_id: int | None
    invite_id: int | None
    queue_id: int

    @property
    def scope(self) -> str:
        """Names the sender whose parts belong together."""
        return f"peer {self.peer_id}" if self.peer_id is not None else f"queue {self.queue_id}"


def delivered(step: Step, node: Node, line: Line, notice: mbx.Delivery) -> None:
    """A relay delivers a message of one of our queues."""
    reading = node.reading.get(notice.rid)
    if reading is None:
        return
    row = QUEUES_IN.get(step.tx, reading.row.id)  # its peer may have become known meanwhile
    if row is None:
        return
    _note_missing(step, node, reading, notice.n)
    node.delivering = (notice.rid, notice.n)
    if node.delivering in node.poison:
        _put_away(step, row, notice)
    else:
        take(step, node, Source(row.peer_id, row.invite_id, row.id), QueueKey(row.queue_key), notice.blob)
    node.delivering = None
    _advance(step, reading, notice.n, notice.n)
    links.ask(step, line, mbx.Ack(notice.rid, notice.n, notice.msg_id), reading.key)
    _spend(step, line, reading)


def _put_away(step: Step, row: QueueIn, notice: mbx.Delivery) -> None:
    """Keep what this program cannot take without an error of its own, for a later one that can."""
    kept: dict[int, cbor.Value] = {1: row.id, 2: notice.n, 3: notice.msg_id, 4: notice.blob}
    GAPS.add(
        step.tx, peer_id=row.peer_id, kind=POISON, data=cbor.encode(kept), at=step.wall_s, repaired=False
    )
    tell(step, "incoming.poison", peer=row.peer_id or 0)


def gap(step: Step, node: Node, line: Line, notice: mbx.Gap) -> None:
    """A relay says that something is gone."""
    reading = node.reading.get(notice.rid)
    if reading is None:
        return
    _, lost = mbx.Cursor(reading.last, reading.beyond).gone(notice.first, notice.last)
    for first, last in lost:
        _record_gap(step, node, reading.row, "expiry", first, last)
    _advance(step, reading, notice.first, notice.last)
    links.ask(step, line, mbx.Ack(notice.rid, notice.last), reading.key)
    _spend(step, line, reading)


def _spend(step: Step, line: Line, reading: Reading) -> None:
    reading.credit -= 1
    if reading.credit <= 0:
        queues.pull(step, line, reading)


def _advance(step: Step, reading: Reading, first: int, last: int) -> None:
    cursor = mbx.Cursor(reading.last, reading.beyond)
    cursor = cursor.dealt_with(last) if first == last else cursor.gone(first, last)[0]
    reading.last, reading.beyond = cursor.upto, cursor.beyond
    QUEUES_IN.change(step.tx, reading.row.id, upto=cursor.upto, beyond=queues.encode_beyond(cursor.beyond))


def _note_missing(step: Step, node: Node, reading: Reading, n: int) -> None:
    """What a relay left out without a word, or what was had before it went back. It is noted once."""
    for first, last in mbx.Cursor(reading.last, reading.beyond).missing_before(n):
        _record_gap(step, node, reading.row, "relay", first, last)
        _advance(step, reading, first, last)


def _record_gap(step: Step, node: Node, row: QueueIn, kind: str, first: int, last: int) -> None:
    GAPS.add(
        step.tx,
        peer_id=row.peer_id,
        kind=kind,
        data=f"{row.id} {first} {last}".encode(),
        at=step.wall_s,
        repaired=False,
    )
    if row.peer_id is not None:
        peers.ask_what_is_missing(step, node, row.peer_id)


def take(step: Step, node: Node, source: Source, key: QueueKey, blob: bytes) -> bool:
    """Take an envelope; whether it was read. What is refused is dropped: nothing is owed to who sent it."""
    try:
        frame(step, node, source, open_envelope(key, blob))
    except RemoteProtocolError as e:
        _refuse(step, source, e)
        return False
    return True


def _refuse(step: Step, source: Source, error: RemoteProtocolError) -> None:
    tell(step, "incoming.refused", code=error.code, rule=error.rule, peer=source.peer_id or 0)


def frame(step: Step, node: Node, source: Source, opened: Frame) -> None:
    """Take what was in an envelope; raises as `payload`."""
    if opened.kind is Kind.PART:
        whole = _part(step, source, opened.payload)
        if whole is not None:
            payload(step, node, source, whole.kind, whole.payload)
    else:
        payload(step, node, source, opened.kind, opened.payload)


def payload(step: Step, node: Node, source: Source, kind: Kind, data: bytes) -> None:
    """Take the payload of a frame.

    Raises:
        RemoteProtocolError: it is refused, and nothing changed.
    """
    match kind:
        case Kind.MLS_PRIVATE:
            mls_message(step, node, source, data)
        case Kind.OFFER if source.invite_id is not None:
            codes.replied(step, node, source.invite_id, data)
            meeting.advance(step, node, source.invite_id)
        case Kind.CONN_REQ if source.invite_id is not None:
            meeting.requested(step, node, source.invite_id, data)
        case Kind.CONN_ACC if source.invite_id is not None:
            meeting.accepted(step, node, source.invite_id, data)
            release_new(step, node)
        case Kind.CONN_ACC if source.peer_id is not None:
            if rejoin.answered(step, node, source.peer_id, data):
                release_new(step, node)
        case Kind.REJOIN if source.peer_id is not None:
            readmit.came(step, node, source.peer_id, data)
        case Kind.BUNDLE_ACK if source.peer_id is not None:
            carried.acknowledged(step, node, source.peer_id, data)
        case _:
            tell(step, "incoming.unknown", kind=int(kind))


# Parts


def _part(step: Step, source: Source, data: bytes) -> Whole | None:
    part = Part.decode(data)
    scope = source.scope
    reassembler, result = _reassembler(step, scope).add(part, now=step.wall_s)
    if part.name in reassembler.waiting:
        if part.index in {
            Part.decode(p.payload).index for p in PARTS.all(step.tx, scope=scope, name=part.name)
        }:
            return None
        PARTS.add(step.tx, scope=scope, name=part.name, payload=data, at=step.wall_s)
        return None
    if isinstance(result, Whole):
        PARTS_DONE.add_new(step.tx, scope=scope, name=part.name, at=step.wall_s)
    PARTS.drop(step.tx, scope=scope, name=part.name)
    if isinstance(result, Gap):
        _parts_gap(step, source, result)
        return None
    return result


def _reassembler(step: Step, scope: str) -> Reassembler:
    waiting: dict[bytes, Waiting] = {}
    for row in PARTS.all(step.tx, scope=scope):
        part = Part.decode(row.payload)
        known = waiting.get(part.name, Waiting(part.count, row.at, {}))
        waiting[part.name] = Waiting(part.count, known.since, {**known.parts, part.index: part.data})
    finished = {row.name: row.at for row in PARTS_DONE.all(step.tx, scope=scope)}
    return Reassembler(waiting, finished)


def expire_parts(step: Step) -> None:
    """Give up what has not become whole for a week; forget old names."""
    scopes = {row.scope for row in PARTS.all(step.tx)} | {row.scope for row in PARTS_DONE.all(step.tx)}
    for scope in sorted(scopes):
        before = _reassembler(step, scope)
        after, gaps = before.expire(now=step.wall_s)
        for lost in gaps:
            PARTS.drop(step.tx, scope=scope, name=lost.name)
            GAPS.add(step.tx, kind="parts", data=lost.name, at=step.wall_s, repaired=False)
        for name in set(before.finished) - set(after.finished):
            PARTS_DONE.drop(step.tx, scope=scope, name=name)


def _parts_gap(step: Step, source: Source, lost: Gap) -> None:
    GAPS.add(step.tx, peer_id=source.peer_id, kind="parts", data=lost.name, at=step.wall_s, repaired=False)


# MLS


def mls_message(step: Step, node: Node, source: Source, wire: bytes) -> None:
    """Take a private message of a group; it may come before the answer that lets us into the group."""
    group_id, epoch, handshake = groups.find(wire)
    group = GROUP_HEADS.one(step.tx, group_id=group_id)
    if group is None or source.peer_id is None:
        _hold(step, source.peer_id, group_id, epoch, wire)
        return
    match groups.process(step, node, group, wire, epoch, handshake=handshake):
        case groups.Early():
            _hold(step, source.peer_id, group_id, epoch, wire)
        case groups.Old(replayed):
            if replayed:
                repair.came_again(step, node, source.peer_id)
            else:
                GAPS.add(
                    step.tx,
                    peer_id=source.peer_id,
                    kind="undecryptable",
                    data=b"",
                    at=step.wall_s,
                    repaired=False,
                )
                peers.ask_what_is_missing(step, node, source.peer_id)
        case groups.Data() as data:
            if data.epoch > group.confirmed_epoch:
                talk.heard_in(step, node, group, data.leaf, data.epoch)
                meeting.hello_came(step, node, source.peer_id)
            talk.receive(step, node, data)
        case groups.Changed() as changed:
            _changed(step, node, source.peer_id, changed)


def _changed(step: Step, node: Node, peer_id: int, changed: groups.Changed) -> None:
    if changed.to_commit:
        group = GROUP_HEADS.get(step.tx, changed.group.id)
        assert group is not None
        wire = groups.commit(step, node, group)
        for peer in peers.peers_of(step, group.conversation_id):
            outgoing.post(step, node, peer.id, group.conversation_id, wire=wire, important=True)
        return
    peers.drop_handshakes(step, node, changed.group.conversation_id, peer_id, changed.epoch)
    receipts.heard(step, node, changed.group.conversation_id)
    release(step, node, changed.group.group_id)


def _hold(step: Step, peer_id: int | None, group_id: bytes, epoch: int, wire: bytes) -> None:
    if any(row.wire == wire for row in HELD.all(step.tx, group_id=group_id, epoch=epoch)):
        return
    HELD.add(step.tx, group_id=group_id, epoch=epoch, peer_id=peer_id, wire=wire, at=step.wall_s)
    if HELD.count(step.tx, group_id=group_id) > MAX_HELD:
        oldest = HELD.all(step.tx, group_id=group_id)[0]
        HELD.drop(step.tx, id=oldest.id)
        GAPS.add(step.tx, peer_id=peer_id, kind="held", data=b"", at=step.wall_s, repaired=False)


def release(step: Step, node: Node, group_id: bytes) -> None:
    """Messages that waited for this group, or for its new epoch, come in now."""
    group: GroupHead | None = GROUP_HEADS.one(step.tx, group_id=group_id)
    for row in HELD.all(step.tx, group_id=group_id):
        if group is None or row.epoch > group.epoch:
            continue
        HELD.drop(step.tx, id=row.id)
        source = Source(row.peer_id or peers.peers_of(step, group.conversation_id)[0].id, None, 0)
        try:
            mls_message(step, node, source, row.wire)
        except RemoteProtocolError as e:
            _refuse(step, source, e)
        group = GROUP_HEADS.one(step.tx, group_id=group_id)


def release_new(step: Step, node: Node) -> None:
    """A group is new here: what came for it before comes in now."""
    for group_id in {row.group_id for row in HELD.all(step.tx)}:
        release(step, node, group_id)
