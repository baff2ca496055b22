"""Conversations of other networks as ways for envelopes: what leaves through them (spec 53, spec 60 §2).

    meeting    an offer went or came through it; only the meeting does so far
    probing    the owner wants it, and it was asked whether it brings envelopes as they are
    asked      the other side wants it; the owner has not said so yet
    in use     it has brought something of that node
    off        the owner does not want it

A route is taken when nothing else has been there for a while. What leaves is stored in fragments, from which
a bridge's outbox makes messages, and stays until it is confirmed: what goes again is the same fragments, each
time beginning with another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from swarm_protocol.carriage import Probe, Thing, count_of, fragments_of, key_out
from swarm_protocol.carry import Pair
from swarm_protocol.envelope import Bucket, Frame, Kind, frames_for, seal_envelope

from ..storage.bridge_shelves import ACCOUNTS, INTENTS, ROOMS
from ..storage.carriage_shelves import PIECES, ROUTES, Route
from ..storage.shelves import MESSAGES, OUTBOX, PEERS, Outgoing, Peer
from .news import tell
from .node import Node
from .step import Passed, Returned, Step

AFTER_S = 20.0
"""So long no relay is up before something is carried: a relay that is started anew is back by then."""
WINDOW = 40
"""Messages that wait for the network in one conversation; what is more waits in the outbox."""
HOURLY = {"binary": 1200, "attachment": 600, "text": 120}
"""Messages in an hour in one conversation, by form: what is text stands in somebody's ordinary client."""
AROUND = 360
"""Bytes at most that MLS and a frame put around what a person says."""
BARE = {
    Kind.OFFER: Thing.OFFER,
    Kind.CONN_REQ: Thing.REQUEST,
    Kind.CONN_ACC: Thing.ANSWER,
    Kind.REJOIN: Thing.REJOIN,
}
"""What is sealed by itself, if at all: the two nodes have no key yet."""
REFUSED_S = 3600.0
"""So long a conversation is left alone whose network has refused a fragment."""
RETURNED_S = 600.0
"""So long, if one came back that the network had taken; twice as long each time, up to `REFUSED_S`."""
TOO_LARGE, TOO_MUCH = "too large to carry", "as much as may be carried in an hour"
AWAY, NOT_TAKEN = "account away", "not taken yet"
CONNECTED = frozenset({"connected", "catching_up"})
"""States of an account that is well (`swarm_bridges.api.State`)."""
READY, CALLING, SENT = "ready", "calling", "sent"


class State(StrEnum):
    """See the module."""

    MEETING = "meeting"
    PROBING = "probing"
    ASKED = "asked"
    IN_USE = "in use"
    OFF = "off"


KEPT = frozenset({State.IN_USE, State.OFF})
"""What the owners have said of a conversation, and need not say again when one of their nodes is replaced."""


def pair_of(node: Node, peer: Peer) -> Pair | None:
    """What this node and a peer share from their meeting."""
    own = node.me.keys.leaf_sig.public
    return None if peer.pair_secret is None else Pair(peer.pair_secret, own, peer.leaf_sig)


# Which way


def route_for(step: Step, node: Node, row: Outgoing, *, away_s: float | None) -> Route | None:
    """The conversation that takes something now.

    `away_s` is for how long no other way was there; None where that does not matter.
    """
    route = _leading_to(step, node, row)
    if route is None or not route.size or ("refused", route.id) in node.timers:
        return None
    if away_s is not None and away_s < AFTER_S:
        node.remind(step, ("pump", 0), AFTER_S - away_s)
        return None
    if not _fits(step, row, route):
        _waits(step, row, TOO_LARGE)
        return None
    if PIECES.count(step.tx, route_id=route.id, state=READY) >= WINDOW:
        return None
    if _used(step, route) >= HOURLY.get(route.form, HOURLY["text"]):
        _waits(step, row, TOO_MUCH)
        node.remind(step, ("pump", 0), 3600.0 - step.wall_s % 3600)
        return None
    return route


def _leading_to(step: Step, node: Node, row: Outgoing) -> Route | None:
    """The first conversation that leads to where something is to go."""
    if row.kind == Kind.PROBE:
        asked = b"" if row.wire is None else Probe.decode(row.wire).nonce
        found = ROUTES.all(step.tx, peer_id=row.peer_id)
        return next((route for route in found if asked in {route.nonce, route.theirs}), None)
    if row.peer_id is None:
        return ROUTES.one(step.tx, invite_id=row.invite_id)
    return _best(step, node, row.peer_id)


def _best(step: Step, node: Node, peer_id: int) -> Route | None:
    """Of several conversations in use with a node, the first one whose account is connected; or the first."""
    in_use = ROUTES.all(step.tx, peer_id=peer_id, state=State.IN_USE.value)
    usable = [route for route in in_use if route.size and ("refused", route.id) not in node.timers]
    return next((route for route in usable if _is_up(step, route)), usable[0] if usable else None)


def _is_up(step: Step, route: Route) -> bool:
    room = ROOMS.get(step.tx, route.room_id)
    account = None if room is None else ACCOUNTS.get(step.tx, room.account_id)
    return account is not None and not account.paused and account.state in CONNECTED


def has_better(step: Step, node: Node, row: Outgoing) -> bool:
    """Whether something waits in a conversation whose account is away, while another one is connected."""
    pieces = PIECES.all(step.tx, outbox_id=row.id)
    best = None if row.peer_id is None or row.kind == Kind.PROBE else _best(step, node, row.peer_id)
    return best is not None and _is_up(step, best) and any(piece.route_id != best.id for piece in pieces)


def reaches(step: Step, peer_id: int | None) -> bool:
    """Whether a conversation leads to a peer."""
    route = ROUTES.one(step.tx, peer_id=peer_id, state=State.IN_USE.value) if peer_id is not None else None
    return route is not None and route.size > 0


def _fits(step: Step, row: Outgoing, route: Route) -> bool:
    """Whether it takes no more messages than a thing may; asked before it is encrypted."""
    if row.wire is not None:
        bare = Kind(row.kind) in BARE
        frames = () if bare else _frames(row, row.wire)
        sizes = [len(row.wire)] if bare else [_sealed_size(len(frame.payload)) for frame in frames]
    else:
        message = None if row.message_id is None else MESSAGES.get(step.tx, row.message_id)
        body = None if message is None or message.body_id is None else step.tx.bodies.get(message.body_id)
        plain = row.plain or body or b""
        sizes = [_sealed_size(len(frame.payload)) for frame in _frames(row, bytes(len(plain) + AROUND))]
    counts = [count_of(size, route.size) for size in sizes]
    few = route.form != "text" or sum(counts) <= WINDOW
    return all(counts) and few


def _sealed_size(length: int) -> int:
    return next((int(b) for b in Bucket if length + 32 <= b.room), int(Bucket.HUGE))


def _frames(row: Outgoing, wire: bytes) -> tuple[Frame, ...]:
    return frames_for(Kind(row.kind), wire, 0)


def _waits(step: Step, row: Outgoing, reason: str) -> None:
    message = None if row.message_id is None else MESSAGES.get(step.tx, row.message_id)
    if message is not None and message.reason != reason:
        MESSAGES.change(step.tx, message.id, state="waiting", reason=reason)
        tell(step, "message.state", message=message.name.hex(), state="waiting")


def _used(step: Step, route: Route) -> int:
    return route.used if route.hour == step.wall_s // 3600 else 0


# Leaving


def send(step: Step, node: Node, row: Outgoing, route: Route) -> None:
    """Have a bridge send something, as it was before if it goes again."""
    before = PIECES.all(step.tx, outbox_id=row.id)
    if any(piece.route_id != route.id for piece in before):
        PIECES.drop(step.tx, outbox_id=row.id)
        before = []
    if before:
        turn = row.attempts % len(before)
        for place, piece in enumerate([*before[turn:], *before[:turn]]):
            if piece.state == SENT:
                PIECES.change(step.tx, piece.id, state=READY, place=place, intent=None)
        count = len(before)
    else:
        count = _cut(step, node, row, route)
    hour = step.wall_s // 3600
    ROUTES.change(step.tx, route.id, hour=hour, used=_used(step, route) + count)
    node.carrying[row.id] = step.now.tick
    _tell_bridge(step, route)


def _cut(step: Step, node: Node, row: Outgoing, route: Route) -> int:
    """Seal something, and store it in fragments; how many."""
    place = 0
    for thing, data in _sealed(step, node, row, route):
        for fragment in fragments_of(thing, data, route.size):
            PIECES.add(
                step.tx,
                outbox_id=row.id,
                route_id=route.id,
                place=place,
                blob=fragment.encode(),
                state=READY,
            )
            place += 1
    return place


def _sealed(step: Step, node: Node, row: Outgoing, route: Route) -> Iterator[tuple[Thing, bytes]]:
    assert row.wire is not None
    bare = BARE.get(Kind(row.kind))
    if bare is not None:
        yield bare, row.wire
        return
    peer = PEERS.get(step.tx, row.peer_id)
    pair = None if peer is None else pair_of(node, peer)
    assert pair is not None, "routes lead to nodes that were met"
    frames = _frames(row, row.wire)
    ROUTES.change(step.tx, route.id, link_seq=route.link_seq + len(frames))
    for frame in frames:
        numbered = Frame(frame.kind, frame.payload, route.link_seq + frame.link_seq)
        yield Thing.ENVELOPE, seal_envelope(key_out(pair), numbered, entropy=step.entropy)


def _tell_bridge(step: Step, route: Route) -> None:
    room = ROOMS.get(step.tx, route.room_id)
    if room is not None:
        tell(step, "bridge.carries", chat=f"b{room.id}")


def left(step: Step, outbox_id: int) -> bool:
    """Whether something left through a network, or is to."""
    return PIECES.count(step.tx, outbox_id=outbox_id) > 0


def is_under_way(step: Step, outbox_id: int) -> bool:
    """Whether something waits for a network to take it."""
    every = PIECES.count(step.tx, outbox_id=outbox_id)
    return every > PIECES.count(step.tx, outbox_id=outbox_id, state=SENT)


def explain(step: Step, row: Outgoing) -> None:
    """Something has waited for a network for long: say why."""
    waiting = next((piece for piece in PIECES.all(step.tx, outbox_id=row.id) if piece.state != SENT), None)
    route = None if waiting is None else ROUTES.get(step.tx, waiting.route_id)
    if route is not None:
        _waits(step, row, NOT_TAKEN if _is_up(step, route) else AWAY)


def forget(step: Step, outbox_id: int) -> None:
    """What was cut is not sent any more: it is encrypted anew, or goes another way."""
    PIECES.drop(step.tx, outbox_id=outbox_id)


def inherit(step: Step, old_id: int, new_id: int) -> None:
    """The conversations that led to a lost node lead to the one that came in its place."""
    for route in ROUTES.all(step.tx, peer_id=old_id):
        known = ROUTES.one(step.tx, room_id=route.room_id, peer_id=new_id)
        if known is None and route.state in KEPT:
            ROUTES.change(step.tx, route.id, peer_id=new_id)
        else:
            ROUTES.drop(step.tx, id=route.id)  # who was asked about it is gone


def account_ends(step: Step, account_id: int) -> None:
    """An account on another network is taken out: what waits for it goes another way, or waits for one."""
    rooms = ROOMS.all(step.tx, account_id=account_id)
    routes = [route for room in rooms for route in ROUTES.all(step.tx, room_id=room.id)]
    for outbox_id in {p.outbox_id for route in routes for p in PIECES.all(step.tx, route_id=route.id)}:
        OUTBOX.change(step.tx, outbox_id, state="queued")


def passed(step: Step, node: Node, input_: Passed) -> tuple[int, bool] | None:
    """A network has taken a fragment, or refused it: what that decides, by its row in the outbox.

    The network has all of it, or it goes again; None where nothing is decided yet, or not any more.
    """
    piece = PIECES.one(step.tx, intent=input_.intent)
    if piece is None:
        return None
    if input_.taken:
        PIECES.change(step.tx, piece.id, state=SENT, intent=None)
        return None if is_under_way(step, piece.outbox_id) else (piece.outbox_id, True)
    PIECES.drop(step.tx, outbox_id=piece.outbox_id)
    node.remind(step, ("refused", piece.route_id), REFUSED_S)
    row = OUTBOX.get(step.tx, piece.outbox_id)
    if row is not None:
        _waits(step, row, input_.reason or "refused")
    return piece.outbox_id, False


def returned(step: Step, node: Node, input_: Returned) -> tuple[int, bool] | None:
    """A fragment that a network had taken did not arrive: what that decides, as `passed`.

    A report may be days late, and about a try long before the last one: as long as the other side has not
    confirmed what it is a piece of, that goes another way, or the same one later.
    """
    intent = INTENTS.one(step.tx, intent=input_.intent)
    row = None if intent is None else OUTBOX.get(step.tx, intent.outbox_id)
    pieces = [] if row is None else PIECES.all(step.tx, outbox_id=row.id)
    route = ROUTES.get(step.tx, pieces[0].route_id) if pieces else None
    if intent is None or row is None or route is None or route.room_id != intent.conversation_id:
        return None
    PIECES.drop(step.tx, outbox_id=row.id)
    node.remind(step, ("refused", route.id), min(RETURNED_S * 2**row.attempts, REFUSED_S))
    _waits(step, row, input_.reason)
    return row.id, False


def left_behind(step: Step, row: Outgoing) -> bool:
    """Whether something is too large for the only way there is, so that others need not wait for it."""
    message = None if row.message_id is None else MESSAGES.get(step.tx, row.message_id)
    return message is not None and message.state == "waiting" and message.reason == TOO_LARGE
